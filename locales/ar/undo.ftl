# Many things at once, what was done with them, and taking it back.
undo = تراجع
done-undone = { $count ->
    [one] عاد كما كان.
    [two] عاد الاثنان كما كانا.
    [few] عادت { $count } صفوف كما كانت.
    [many] عاد { $count } صفًا كما كان.
   *[other] عاد { $count } صف كما كان.
}
did-undone = عاد كل شيء كما كان.
done-nothing-changed = لم يتغيّر شيء.
done-not-same = { $count ->
    [one] كان واحد كذلك من قبل.
    [two] كان اثنان كذلك من قبل.
   *[other] كان { $count } كذلك من قبل.
}
done-not-gone = { $count ->
    [one] لم يعد واحد موجودًا.
    [two] لم يعد اثنان موجودين.
   *[other] لم يعد { $count } موجودين.
}
done-not-stale = { $count ->
    [one] غيّر شخص آخر واحدًا في هذه الأثناء، فبقي كما هو.
    [two] غيّر شخص آخر اثنين في هذه الأثناء، فبقيا كما هما.
   *[other] غيّر شخص آخر { $count } في هذه الأثناء، فبقوا كما هم.
}
done-not-numberless = { $count ->
    [one] ليس لواحد رقم هاتف.
    [two] ليس لاثنين رقم هاتف.
   *[other] ليس لعدد { $count } رقم هاتف.
}
done-not-refused = { $count ->
    [one] بقي واحد كما هو لأن شيئًا آخر يمنع ذلك.
    [two] بقي اثنان كما هما لأن شيئًا آخر يمنع ذلك.
   *[other] بقي { $count } كما هم لأن شيئًا آخر يمنع ذلك.
}

tick-all-pages = كل النتائج المطابقة في كل الصفحات ({ $count })
bulk-all-sure = هل تغيّر كل الصفوف المطابقة في كل الصفحات ({ $count })؟
bulk-block-sure = هل تضيف أرقام الصفوف المحدَّدة ({ $count }) إلى قائمة عدم الاتصال؟ لن يتصل بها أحد ولن يراسلها بعد ذلك.
bulk-export = تصدير

leads-delete-sure = هل تحذف العملاء المحتملين المحدَّدين ({ $count })؟ ما قيل معهم يبقى محفوظًا، ويمكنك التراجع من الصفحة التالية خلال ساعة.
done-leads-changed = { $count ->
    [one] عُدّل عميل محتمل واحد.
    [two] عُدّل عميلان محتملان.
    [few] عُدّل { $count } عملاء محتملين.
    [many] عُدّل { $count } عميلًا محتملًا.
   *[other] عُدّل { $count } عميل محتمل.
}
done-leads-deleted = { $count ->
    [one] حُذف عميل محتمل واحد، وما قيل محفوظ.
    [two] حُذف عميلان محتملان، وما قيل محفوظ.
    [few] حُذف { $count } عملاء محتملين، وما قيل محفوظ.
    [many] حُذف { $count } عميلًا محتملًا، وما قيل محفوظ.
   *[other] حُذف { $count } عميل محتمل، وما قيل محفوظ.
}
done-leads-blocked = { $count ->
    [one] أُضيف رقم واحد إلى قائمة عدم الاتصال.
    [two] أُضيف رقمان إلى قائمة عدم الاتصال.
    [few] أُضيفت { $count } أرقام إلى قائمة عدم الاتصال.
    [many] أُضيف { $count } رقمًا إلى قائمة عدم الاتصال.
   *[other] أُضيف { $count } رقم إلى قائمة عدم الاتصال.
}
customers-delete-sure = هل تحذف العملاء المحدَّدين ({ $count })؟ ما قيل معهم يبقى محفوظًا، ويمكنك التراجع من الصفحة التالية خلال ساعة.
done-customers-changed = { $count ->
    [one] عُدّل عميل واحد.
    [two] عُدّل عميلان.
    [few] عُدّل { $count } عملاء.
    [many] عُدّل { $count } عميلًا.
   *[other] عُدّل { $count } عميل.
}
done-customers-deleted = { $count ->
    [one] حُذف عميل واحد، وما قيل محفوظ.
    [two] حُذف عميلان، وما قيل محفوظ.
    [few] حُذف { $count } عملاء، وما قيل محفوظ.
    [many] حُذف { $count } عميلًا، وما قيل محفوظ.
   *[other] حُذف { $count } عميل، وما قيل محفوظ.
}
done-customers-blocked = { $count ->
    [one] أُضيف رقم واحد إلى قائمة عدم الاتصال.
    [two] أُضيف رقمان إلى قائمة عدم الاتصال.
    [few] أُضيفت { $count } أرقام إلى قائمة عدم الاتصال.
    [many] أُضيف { $count } رقمًا إلى قائمة عدم الاتصال.
   *[other] أُضيف { $count } رقم إلى قائمة عدم الاتصال.
}

# What cannot be done, in the API's sentences.
problem-this-cannot-be-taken-back-any-more = لم يعد التراجع ممكنًا: تغيّر ما يتعلق به منذ ذلك الحين
problem-there-are-more-or-fewer-rows-now-than-you-were-asked-about = تغيّر عدد الصفوف منذ أن سُئلت عنها: انظر إلى الجدول ثم حدّد من جديد
problem-names-a-column-that-the-file-does-not-have = فيه اختيار لعمود غير موجود في الملف
problem-names-a-field-that-is-not-known = فيه اختيار لحقل غير معروف
problem-gives-two-columns-the-same-field = اختير فيه حقل واحد لعمودين: اختر لكل عمود حقلًا آخر
