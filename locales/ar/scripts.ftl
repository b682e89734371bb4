# Scripts: what agents say and ask, step by step.
nav-scripts = سيناريوهات المكالمات
script-new = سيناريو جديد
script-search = الاسم أو الوصف
script-name = الاسم
script-language = اللغة
script-description = الغرض منه
script-content = النص
script-content-hint = السيناريو الموجَّه ملف TOML فيه [[step]] لكل ما يُقال أو يُسأل. والنص الخالي من الخطوات تعليمات للنموذج اللغوي.
script-live = مفعَّل
script-live-is = الإصدار { $count } مفعَّل
script-live-none = غير مفعَّل
script-live-box = تعمل المكالمات الجديدة بهذا الإصدار
script-live-hint = بدون ذلك يُحفظ الإصدار الجديد مسودةً، ويبقى المفعَّل الآن كما هو.
script-latest = الأحدث
script-version = الإصدار { $count }
scripts-empty = لا توجد سيناريوهات بعد. ابدأ بأحد سيناريوهاتنا وعدّله، أو بسيناريو فارغ.

script-begin = ابدأ بأحد هذه السيناريوهات وعدّله كما تشاء. لكل منها اختباراته.
script-begin-blank = سيناريو فارغ
script-begin-blank-about = ترحيب وسؤال ونهاية، لتبني عليها.
script-check = الفحص
script-faults = { $count ->
    [zero] { $count } أخطاء: لا يمكن للمكالمات أن تعمل بهذا النص.
    [one] خطأ واحد ({ $count }): لا يمكن للمكالمات أن تعمل بهذا النص.
    [two] خطآن ({ $count }): لا يمكن للمكالمات أن تعمل بهذا النص.
    [few] { $count } أخطاء: لا يمكن للمكالمات أن تعمل بهذا النص.
    [many] { $count } خطأً: لا يمكن للمكالمات أن تعمل بهذا النص.
   *[other] { $count } خطأ: لا يمكن للمكالمات أن تعمل بهذا النص.
}
script-line = السطر { $count }
script-no-faults = لا أخطاء.
script-not-guided = ليس في هذا النص خطوات: يُعطى للنموذج اللغوي كما هو، ولا يُفحص فيه شيء.
script-drawing = الخطوات
script-no-drawing = يظهر الرسم حين تكون في النص خطوات بلا أخطاء.
script-steps = { $count ->
    [zero] الخطوات في قائمة ({ $count })
    [one] خطوة واحدة في قائمة ({ $count })
    [two] خطوتان في قائمة ({ $count })
    [few] { $count } خطوات في قائمة
    [many] { $count } خطوة في قائمة
   *[other] { $count } خطوة في قائمة
}
script-task-say = يقول
script-task-ask = يسأل
script-task-converse = يتحدث بحرية
script-task-branch = يقرّر
script-task-set = يضبط قيمة
script-task-tool = يسأل برنامجًا
script-task-record = يدوّن
script-task-transfer = يحوّل إلى موظف
script-task-end = ينهي
script-way-refusal = يرفض
script-way-silence = يصمت
script-way-other = لم يُفهم
script-way-human = يريد موظفًا
script-way-later = يريد اتصالًا لاحقًا
script-way-wrong-number = شخص آخر
script-way-stop = لا يريد اتصالات
script-way-missing = تنقص قيمة
script-way-failed = لم يردّ البرنامج

script-save-as = حفظ بوصفه الإصدار { $count }
script-older = في المحرّر الإصدار { $count }. احفظه ليصبح الأحدث.
leave-sure = ما كتبته لم يُحفظ. هل تتركه؟
script-merge = حفظ شخص آخر نصًا مختلفًا
script-merge-about = الأسطر ذات − محفوظة الآن، والأسطر ذات + كتبتَها أنت. احفظ مرة أخرى ليصبح نصك الإصدار التالي، أو خذ المحفوظ.
script-merge-take = خذ المحفوظ

script-versions = الإصدارات
script-version-column = الإصدار
script-saved-by = حفظه
script-saved-at = متى
script-size = الحجم
script-bytes = { $count } بايت
script-saved = حفظه { $name }،
script-go-live = تفعيل
script-go-live-version = تفعيل الإصدار { $count }
script-unlive = إيقاف التفعيل
script-unlive-sure = هل توقف تفعيل كل الإصدارات؟ عندها لن يقود هذا السيناريو المكالمات الجديدة. يمكنك التراجع من الصفحة التالية.
script-used-by = يعمل ملف الوكيل «{ $name }» بهذا السيناريو، فلا يمكن حذفه.
script-edit-version = تعديل هذا النص
script-compare = مقارنة مع
script-compare-do = قارن
script-differences = الفروق
script-same = النصان متطابقان.
script-delete-sure = هل تحذف هذا السيناريو وإصداراته؟ تبقى سجلات المكالمات التي عملت به، ويمكنك التراجع من الصفحة التالية خلال ساعة.
script-copy-of = { $name } (نسخة)
duplicate = إنشاء نسخة
actions = إجراءات

script-chat = جرّبه كتابةً
script-chat-about = تحدّث مع النص كما هو أعلاه، محفوظًا كان أم لا. أنت المتصل. لا يُحفظ شيء، ولا يُتصل بأحد.
script-chat-open = جرّبه
script-chat-known = ما هو معروف عن المتصل
script-chat-begin = ابدأ
script-value-wrong = هذه ليست قيمة من هذا النوع.
script-kind-text = نص
script-kind-name = اسم
script-kind-money = مبلغ، مثل 250
script-kind-date = يوم
script-kind-time = وقت
script-kind-date-time = يوم ووقت
script-kind-phone = رقم هاتف
script-kind-card = آخر أرقام البطاقة
script-kind-digits = أرقام
script-kind-number = عدد
script-kind-yes-no = نعم أو لا
script-mend-first = لا يمكن تشغيل هذا النص: فيه أخطاء أو ليست فيه خطوات. أصلحه أولًا.
script-agent = الوكيل
script-caller = المتصل
script-silence = (لا يقول شيئًا)
script-free = (حديث حر)
script-at = عند الخطوة
script-outcome = النتيجة
script-say = ما يقوله المتصل
script-send = إرسال
script-say-nothing = لا تقل شيئًا
script-again = من البداية
script-other-caller = متصل آخر
script-act-promise = وعد بالدفع: { $amount } في { $day }
script-act-callback-at = معاودة الاتصال في { $day }، { $time }: { $reason }
script-act-callback = معاودة الاتصال: { $reason }
script-act-do-not-call = عدم الاتصال به مجددًا
script-act-outcome = النتيجة حتى الآن: { $outcome }
script-act-note = ملاحظة: { $note }
script-trouble-missing = ليس للخطوة { $step } قيمة للمتغير { $variable }
script-trouble-no-answer = لم يردّ البرنامج الذي تسأله الخطوة { $step }
script-trouble-no-thought = لم يكن لدى النموذج اللغوي جواب عند الخطوة { $step }
script-trouble-not-understood = لم يُفهم المتصل عند الخطوة { $step }
script-trouble-restless = لم يتوقف السيناريو عند الخطوة { $step }
script-trouble-too-long = تكلّم المتصل أكثر مما يُعقل

script-simulated = متصلون افتراضيون
script-simulated-about = يشغّل الاختبارات التي في النص، ومتصلًا واحدًا من كل طبع. يستغرق ذلك لحظات.
script-simulate = تشغيل
script-test = الاختبار
script-manner = الطبع
script-turns = مرات الكلام
script-passed = نجح
script-failed = فشل
script-any-caller = متصل بلا اختبار
script-what-was-said = ما قيل
script-endless = لم تنتهِ
script-no-tests = ليس في هذا النص اختبارات. اكتب [[test]] لما يجب ألا يخطئ أبدًا.
script-tests-passed = { $count ->
    [zero] لا اختبارات ({ $count }).
    [one] نجح الاختبار الوحيد ({ $count }).
    [two] نجح الاختباران ({ $count }).
    [few] نجحت الاختبارات كلها، وعددها { $count }.
    [many] نجحت الاختبارات كلها، وعددها { $count }.
   *[other] نجحت الاختبارات كلها، وعددها { $count }.
}
script-tests-failed = فشل { $count } من أصل { $all } من الاختبارات.
script-persona-cooperative = يجيب كما هو متوقع
script-persona-terse = قليل الكلام
script-persona-rambling = يستطرد كثيرًا
script-persona-refusing = لا يريد أن يجيب
script-persona-silent = لا يقول شيئًا
script-persona-hostile = يشتم ويأمر

done-script-made = حُفظ السيناريو.
done-script-saved = حُفظ السيناريو.
done-script-live = تعمل المكالمات الجديدة الآن بهذا الإصدار.
done-script-not-live = لا إصدار مفعَّل الآن.
done-script-faulty = في هذا الإصدار أخطاء فلا يمكن تفعيله: تجدها بجانب النص. وما كان مفعَّلًا لا يزال كذلك.
done-script-copied = هذه هي النسخة. لا إصدار منها مفعَّل.
done-script-deleted = حُذف السيناريو.
