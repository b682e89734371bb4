# Words that all pages share.
language-name = العربية
language-en = الإنجليزية
language-ar = العربية

skip = انتقل إلى المحتوى
home = Callstead، ما الذي يجري الآن
menu = القائمة
pages = الصفحات
offline = تعذّر الوصول إلى الخادم. ما كتبته لا يزال هنا: حاول مرة أخرى بعد قليل.
failed = لم ينجح ذلك. ما كتبته لا يزال هنا: حاول مرة أخرى.

do-it = نعم
cancel = إلغاء
save = حفظ
delete = حذف
apply = تطبيق
search = بحث
nothing = لا شيء
ticked-is = محدَّد
ticked-not = غير محدَّد
nameless = بلا اسم
changed = آخر تغيير

log-in = تسجيل الدخول
log-in-again = انتهت جلستك
log-in-again-why = لم يتغيّر شيء، وما كتبته لا يزال هنا. سجّل الدخول ثم أعد ما فعلت.
email = البريد الإلكتروني
password = كلمة المرور
code-if-any = الرمز، إن كنت تستخدمه

choice-any = الكل
choice-none = بلا

ticked = المحدّد: { $count }
tick-all = تحديد كل ما في هذه الصفحة

list-total = { $count ->
    [zero] لا صفوف ({ $count })
    [one] صف واحد ({ $count })
    [two] صفان ({ $count })
    [few] { $count } صفوف
    [many] { $count } صفًا
   *[other] { $count } صف
}
list-more-than = أكثر من { $count } صف
list-first = الصفحة الأولى
list-next = الصفحة التالية
list-none-found = لا شيء يطابق ما تبحث عنه.
list-all = عرض الكل

form-refused = لم يُحفظ بعد: انظر الخطأ أدناه.
form-overtaken = غيّر شخص آخر هذا أثناء كتابتك. أدناه ما كتبته، وما هو محفوظ الآن حيث يختلف. اختر ثم احفظ مرة أخرى.
form-theirs = المحفوظ الآن:
form-take = خذ هذا

moment = { $day }، { $time }
day = { $day } { $month } { $year }
month-1 = يناير
month-2 = فبراير
month-3 = مارس
month-4 = أبريل
month-5 = مايو
month-6 = يونيو
month-7 = يوليو
month-8 = أغسطس
month-9 = سبتمبر
month-10 = أكتوبر
month-11 = نوفمبر
month-12 = ديسمبر

nav-dashboard = اليوم
nav-leads = العملاء المحتملون

health = الجهاز
health-starting = يستعدّ
health-healthy = جاهز
health-degraded = ينقصه شيء

done-nothing-ticked = لم تحدّد شيئًا: حدّد بعض الصفوف أولًا.
