# Leads and customers: what their pages have in common, and what only customers have.
nav-customers = العملاء
close = إغلاق
the-agent = الوكيل
somebody-gone = شخص محذوف
days = { $count ->
    [zero] لا أيام ({ $count })
    [one] يوم واحد ({ $count })
    [two] يومان ({ $count })
    [few] { $count } أيام
    [many] { $count } يومًا
   *[other] { $count } يوم
}

customer-new = عميل جديد
customer-user-id = رقم العميل
customer-user-id-hint = كما هو في سجلاتكم. يُنشأ رقم إن تركته فارغًا.
customer-bank = البنك
customer-card = البطاقة
customer-card-hint = لا تُحفظ إلا الأرقام الستة الأولى والأربعة الأخيرة.
customer-amount = المبلغ المستحق
customer-due-month = شهر الاستحقاق
customer-overdue = أيام التأخير
customer-overdue-from = أيام التأخير، على الأقل
customer-search = اسم أو رقم أو رقم عميل أو ملاحظات
customer-delete-sure = هل تحذف هذا العميل؟ ما قيل معه يبقى محفوظًا، ويمكنك التراجع من الصفحة التالية خلال ساعة.
customers-empty = لا يوجد عملاء بعد. أضف أولهم، أو استورد قائمة.

done-person-made = تم الحفظ.
done-person-saved = حُفظت تغييراتك.
done-person-deleted = تم الحذف. ما قيل يبقى محفوظًا.
done-imported = استُورد الملف.
done-import-forgotten = أُلغي الملف. لم يُكتب شيء.

# Beside the form: what passed, and what can be done.
passed = سجل التواصل
passed-nothing = لا يوجد تواصل بعد. دوّن ملاحظة، أو اكتب رسالة، أو اتصل.
passed-more = عرض الأقدم
passed-open-call = فتح المكالمة
passed-call = مكالمة
passed-sms = رسالة نصية
passed-note = ملاحظة
passed-inbound = واردة
passed-outbound = صادرة
passed-outcome-invited = دُعي إلى مكالمة عبر رابط
passed-outcome-caller-left = أنهى المتصل المكالمة
passed-outcome-agent-left = أنهى الوكيل المكالمة
passed-outcome-completed = اكتملت المكالمة
passed-outcome-silence = طال صمت المتصل
passed-outcome-too-long = تجاوزت المدة المسموحة
passed-outcome-room-closed = أُغلقت المكالمة
passed-outcome-busy = كل الخطوط مشغولة
passed-outcome-failed = فشلت
passed-outcome-stopped = أُوقف الخادم
passed-outcome-interrupted = انقطع الخادم أثناءها

act-note = ملاحظة
act-note-do = حفظ الملاحظة
act-note-text = ما يستحق أن يُعرف
did-note = حُفظت الملاحظة.
act-sms = رسالة نصية
act-sms-do = إرسال
act-sms-text = الرسالة
did-sms = حُفظت الرسالة، وتُرسل إن كان الخادم قادرًا على الإرسال.
act-callback = معاودة اتصال
act-callback-do = حفظ الموعد
act-callback-at = موعد الاتصال
act-callback-why = السبب
did-callback = حُفظ موعد معاودة الاتصال.
act-promise = وعد بالسداد
act-promise-do = حفظ الوعد
act-promise-amount = المبلغ
act-promise-by = حتى تاريخ
act-promise-note = ملاحظة
did-promise = حُفظ الوعد.
act-block = عدم الاتصال
act-block-do = إضافة إلى القائمة
act-block-why = السبب
act-block-hint = لن يتصل أحد بهذا الرقم ولن يراسله بعد الآن، أيًا كان صاحبه.
did-block = هذا الرقم الآن في قائمة عدم الاتصال.
act-unblock = إزالة من القائمة
act-unblock-do = إزالة من القائمة
act-unblock-why = لماذا يجوز الاتصال مجددًا
act-unblock-hint = يُحفظ السبب في سجل التدقيق.
did-unblock = يجوز الاتصال بهذا الرقم مجددًا.

act-invite = دعوة إلى مكالمة
invitation-text = نودّ التحدث إليك. افتح هذا الرابط للانضمام إلى المكالمة:
invitation-until = أرسل إليه هذا الرابط: يفتح المكالمة حتى { $at }.
invitation-no-agent = لا يوجد وكيل متاح الآن:

# The call with the agent, as it would call somebody.
agent-call = مكالمة مع الوكيل
agent-call-what = تتحدث مع الوكيل في هذا المتصفح كأنك هذا الشخص. تُحفظ المكالمة كغيرها.
agent-call-knows = ما سيعرفه الوكيل
agent-call-any-language = بحسب الملف التعريفي
agent-call-no-script = بلا نص: مهمة الملف التعريفي
agent-call-start = ابدأ المكالمة
agent-call-typing = بلا ميكروفون
agent-call-mute = كتم الصوت
agent-call-unmute = إلغاء الكتم
agent-call-end = إنهاء المكالمة
agent-call-transcript = نص المكالمة
agent-call-type = اكتب إلى الوكيل
agent-call-send = إرسال

# From a file.
import = استيراد
lead-import = استيراد عملاء محتملين
lead-import-what = ملف CSV فيه صف لكل عميل محتمل، وصفّه الأول يسمّي الأعمدة. لا يُكتب شيء قبل أن ترى ما سيحدث.
customer-import = استيراد عملاء
customer-import-what = ملف CSV فيه صف لكل عميل، وصفّه الأول يسمّي الأعمدة. لا يُكتب شيء قبل أن ترى ما سيحدث.
import-columns = الأعمدة المعروفة، وتُعرف أيضًا بأسمائها العربية الشائعة:
import-file = الملف، ‏5 ميبيبايت على الأكثر
import-duplicate = من هو موجود من قبل
import-duplicate-update = يأخذ ما في الملف
import-duplicate-skip = يبقى كما هو
import-on-wrong = الصفوف الخاطئة
import-on-wrong-refuse = توقف الاستيراد
import-on-wrong-leave = تُترك جانبًا
import-mapping = ما تعنيه الأعمدة
import-mapping-none = لا يؤخذ
import-mapping-again = معاينة بهذه الأعمدة
import-wrong-file = تنزيل الصفوف الخاطئة لتصحيحها
import-why = الخطأ
import-preview = معاينة
import-refused = لا يمكن قبول هذا الملف: { $name }.
import-would = { $count ->
    [zero] لا صفوف في الملف ({ $count })
    [one] ما سيفعله الصف الوحيد في الملف ({ $count })
    [two] ما سيفعله صفّا الملف ({ $count })
    [few] ما ستفعله صفوف الملف ({ $count })
    [many] ما ستفعله صفوف الملف ({ $count })
   *[other] ما ستفعله صفوف الملف ({ $count })
}
import-create = جديد: { $count }
import-update = يتغيّر: { $count }
import-skip = يبقى كما هو: { $count }
import-error = خطأ: { $count }
import-ignored = هذه الأعمدة لا تُؤخذ:
import-ready = لم يُكتب شيء بعد. يمكن التأكيد خلال نصف ساعة.
import-confirm = استيراد
import-discard = إلغاء الملف
import-wrong = لا يمكن الاستيراد ما دامت هناك صفوف خاطئة: صحّحها في الملف ثم اختره من جديد، أو اختر تركها جانبًا.
import-rows = صفوف الملف
import-line = السطر
import-does = ما سيحدث
import-row-create = جديد
import-row-update = يغيّر
import-row-skip = لا شيء
import-row-error = خطأ
import-more = تظهر الصفوف الأولى، والصفوف الخاطئة.
