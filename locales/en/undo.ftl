# Many things at once, what was done with them, and taking it back.
undo = Undo
done-undone = { $count ->
    [one] It is as it was.
   *[other] { $count } are as they were.
}
did-undone = It is as it was.
done-nothing-changed = Nothing was changed.
done-not-same = { $count ->
    [one] { $count } was so already.
   *[other] { $count } were so already.
}
done-not-gone = { $count ->
    [one] { $count } is not there any more.
   *[other] { $count } are not there any more.
}
done-not-stale = { $count ->
    [one] { $count } was changed by somebody else in the meantime, and is left as it is.
   *[other] { $count } were changed by somebody else in the meantime, and are left as they are.
}
done-not-numberless = { $count ->
    [one] { $count } has no telephone number.
   *[other] { $count } have no telephone number.
}
done-not-refused = { $count ->
    [one] { $count } is left as it is: something else stands against it.
   *[other] { $count } are left as they are: something else stands against it.
}

tick-all-pages = All { $count } that fit, on all pages
bulk-all-sure = Change { $count } rows, on all pages?
bulk-block-sure = Put the numbers of { $count } rows on the do-not-call list? Nobody calls them or writes to them then.
bulk-export = Export

leads-delete-sure = Delete { $count } leads? What was said with them is kept, and for an hour you can undo it on the next page.
done-leads-changed = { $count ->
    [one] { $count } lead is changed.
   *[other] { $count } leads are changed.
}
done-leads-deleted = { $count ->
    [one] { $count } lead is deleted. What was said is kept.
   *[other] { $count } leads are deleted. What was said is kept.
}
done-leads-blocked = { $count ->
    [one] { $count } number is on the do-not-call list now.
   *[other] { $count } numbers are on the do-not-call list now.
}
customers-delete-sure = Delete { $count } customers? What was said with them is kept, and for an hour you can undo it on the next page.
done-customers-changed = { $count ->
    [one] { $count } customer is changed.
   *[other] { $count } customers are changed.
}
done-customers-deleted = { $count ->
    [one] { $count } customer is deleted. What was said is kept.
   *[other] { $count } customers are deleted. What was said is kept.
}
done-customers-blocked = { $count ->
    [one] { $count } number is on the do-not-call list now.
   *[other] { $count } numbers are on the do-not-call list now.
}
