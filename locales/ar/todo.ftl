# Promises, callbacks, numbers that nobody calls, messages on their way out.
nav-promises = وعود السداد
nav-callbacks = معاودة الاتصال
nav-do-not-call = عدم الاتصال
nav-sms = الرسائل النصية

due = الاستحقاق
due-today = اليوم
due-past = متأخر
due-until = مستحق حتى
due-until-today = المستحق اليوم أو قبله
agreed-who = مع من
agreed-state = الحالة
agreed-open = عرض كل المفتوح

promise-what = ما وُعد به
promise-none-open = لا توجد وعود مفتوحة. يدوّنها الوكيل في المكالمات، وتدوّنها أنت في صفحة العميل.
promise-state-open = مفتوح
promise-state-kept = تم الوفاء
promise-state-broken = لم يُوفَ
promise-make-kept = تم الوفاء به
promise-make-broken = لم يُوفَ به
promise-make-open = إعادة فتح
done-promise-changed = تم التسجيل.

callback-what = السبب
callback-none-open = لا توجد مواعيد مفتوحة. يدوّنها الوكيل في المكالمات، وتدوّنها أنت في صفحة العميل.
callback-state-open = مفتوح
callback-state-done = تم
callback-state-dropped = أُلغي
callback-make-done = تم الاتصال
callback-make-dropped = إلغاء
callback-make-open = إعادة فتح
done-callback-changed = تم التسجيل.

blocked-what = لا يتصل أحد بهذه الأرقام ولا يراسلها، من أي صفحة أو برنامج.
blocked-search = رقم الهاتف
blocked-not-this = هذا الرقم ليس في القائمة: يجوز الاتصال به.
blocked-nobody = لا أرقام في القائمة. أضف رقمًا أدناه عندما يطلب صاحبه عدم الاتصال.
blocked-add = إضافة رقم
blocked-by = أضافه
blocked-since = منذ
blocked-erased = رقم مُحي
blocked-notice = يجب عدم الاتصال بهذا الرقم أو مراسلته.
done-blocked = الرقم الآن في القائمة.
done-unblocked = أُزيل الرقم من القائمة. يجوز الاتصال به مجددًا.

sms-not-sending = لا توجد لدى هذا الخادم وسيلة لإرسال الرسائل النصية: تُحفظ هنا ولا تُرسل. يضبطها مدير النظام في الإعدادات (sms.transport).
sms-none = لا رسائل نصية بعد. اكتب واحدة من صفحة أحد العملاء.
sms-to = إلى
sms-written = كُتبت
sms-next = المحاولة التالية:
sms-state = الحالة
sms-state-held = محفوظة
sms-state-queued = في الانتظار
sms-state-sending = قيد الإرسال
sms-state-sent = أُرسلت
sms-state-delivered = وصلت
sms-state-failed = فشلت
sms-state-blocked = محظورة
sms-state-unknown = ربما أُرسلت
sms-retry = إرسال مجددًا
sms-retry-sure = ربما أُرسلت هذه الرسالة من قبل. هل ترسلها مرة أخرى؟ لا يمكن التراجع عن ذلك.
sms-take-back = سحب
sms-take-back-sure = هل تسحب هذه الرسالة؟ لن تُرسل. لا يمكن التراجع عن ذلك: يلزم كتابتها من جديد.
done-sms-queued = الرسالة على وشك الإرسال.
done-sms-taken-back = سُحبت الرسالة.
