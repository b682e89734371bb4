# Words that all pages share.
language-name = English
language-en = English
language-ar = Arabic

skip = Skip to the content
home = Callstead, what is going on
menu = Menu
pages = Pages
offline = The server cannot be reached. What you typed is still here: try again in a moment.
failed = This did not work. What you typed is still here: try again.

do-it = Yes
cancel = Cancel
save = Save
delete = Delete
apply = Apply
search = Search
nothing = nothing
ticked-is = ticked
ticked-not = not ticked
nameless = Without a name
changed = Changed

log-in = Log in
log-in-again = You are not logged in any more
log-in-again-why = Nothing was changed, and what you typed is still here. Log in, and do it once more.
email = E-mail address
password = Password
code-if-any = Code, if you use one

choice-any = Any
choice-none = None

ticked = { $count } chosen
tick-all = Choose all on this page

list-total = { $count ->
    [one] { $count } row
   *[other] { $count } rows
}
list-more-than = More than { $count } rows
list-first = First page
list-next = Next page
list-none-found = Nothing fits what you look for.
list-all = Show all

form-refused = This is not saved yet: see what is wrong below.
form-overtaken = Somebody else has changed this while you were writing. Below is what you wrote, and what is stored now where it differs. Choose, and save again.
form-theirs = Stored now:
form-take = Take that

moment = { $day }, { $time }
day = { $day } { $month } { $year }
month-1 = Jan
month-2 = Feb
month-3 = Mar
month-4 = Apr
month-5 = May
month-6 = Jun
month-7 = Jul
month-8 = Aug
month-9 = Sep
month-10 = Oct
month-11 = Nov
month-12 = Dec

nav-dashboard = Today
nav-leads = Leads

health = The box
health-starting = Getting ready
health-healthy = Ready
health-degraded = Something is missing

done-nothing-ticked = Nothing was chosen: tick some rows first.
