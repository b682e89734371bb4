# The guided set-up, and what settings say of languages, voices and who may call.
setup = الإعداد الأول
setup-progress = الإعداد الأول: اكتمل { $done } من { $all }
setup-go-on = متابعة الإعداد
setup-state-done = تمّ
setup-state-skipped = مؤجَّل
setup-state-open = لم يتمّ بعد
setup-skip = تخطَّ الآن
setup-finish = إنهاء الإعداد
setup-finish-hint = ما بقي يمكن إتمامه لاحقًا: تبقى هذه الصفحة على /desk/setup، ولكل أمر مكانه في القائمة.
done-setup-finished = انتهى الإعداد. الخطوات التالية أدناه.
setup-restart = يسري ما في ملف الإعدادات بعد إعادة تشغيل الخادم:

setup-account = حسابك
setup-account-done = أنت مسجَّل الدخول بصفة مدير.
setup-account-factor = طلب عامل ثانٍ عند تسجيل الدخول

setup-desk = اللغة والمكتب

setup-reach = الوصول الآمن
setup-reach-why = لا تتيح المتصفحات الميكروفون إلا لصفحات HTTPS ولصفحات الجهاز نفسه.
setup-reach-here = يجيب هذا الجهاز الآن بلا تشفير ولنفسه فقط: يمكنك الاتصال من هنا، ولا يمكن لغيرك.
setup-reach-proxy = يصل المتصلون عبر HTTPS: الشهادة لدى وكيل أمام هذا الجهاز.
setup-reach-self-signed = يصل المتصلون عبر HTTPS بشهادة أنشأها هذا الجهاز. يجب أن يوثق بها مرة واحدة على كل جهاز.
setup-reach-files = يصل المتصلون عبر HTTPS بشهادتك.
setup-reach-trust = افتح هذه على الجهاز الآخر وثبّتها:
setup-reach-certificate = شهادة هذا الجهاز
setup-reach-iphone = آيفون وآيباد: ثبّت ملف التعريف في الإعدادات، ثم فعّله في «عام» ← «حول» ← «إعدادات الثقة بالشهادات».
setup-reach-android = أندرويد: الإعدادات ← الأمان ← التشفير وبيانات الاعتماد ← تثبيت شهادة ← شهادة مرجع مصدق (CA).
setup-reach-computer = الحاسوب: استوردها إلى قائمة المراجع الموثوقة في المتصفح أو النظام.
setup-reach-addresses = بعدها يصل الجهاز إلى هنا على:
setup-reach-set = لمن يتصل من أجهزة أخرى، أضف أحد هذه إلى ملف الإعدادات (config.toml في مجلد البيانات):
setup-reach-own-network = في شبكتك: شهادة ينشئها هذا الجهاز
setup-reach-own-certificate = على الإنترنت: شهادة خاصة بك
setup-reach-own-proxy = خلف وكيل لديه الشهادة
setup-reach-own-proxy-how = اضبط server.public_url وserver.trusted_proxies وrtc.addresses؛ توضح وثائق الإعدادات كيف.

setup-models = النماذج
engines-all = كل ما تحتاج إليه المكالمة محمَّل.
engines-missing = ينقص بعض ما تحتاج إليه المكالمة. تجلبه مجموعة نماذج واحدة.
engines-go-on = متابعة
setup-models-offline = بلا شبكة: انسخ الملفات إلى مجلد النماذج. كل النماذج بأحجامها وبصماتها:

setup-call = المكالمة الأولى
setup-call-what = تحدّث مع الوكيل هنا كما يتحدث المتصل. تُحفظ المكالمة كغيرها، ويمكن حذفها.
setup-call-not-yet = لا يستطيع الوكيل الرد بعد: ينقص ما تحتاج إليه المكالمة. اجلبه في الخطوة السابقة ثم استخدمه.

setup-next = الخطوات التالية
setup-next-leads = استيراد العملاء المحتملين
setup-next-script = كتابة نص
setup-next-team = دعوة الفريق
setup-next-settings = مراجعة كل الإعدادات

listen = استماع
settings-languages = لغات المكتب
settings-languages-all = كل ما يتكلمه، الإنجليزية أولًا
settings-languages-only = { $name } فقط
settings-languages-first = { $name } أولًا، ثم { $others }
settings-languages-hint = للمكالمات التي لا تحدد الدعوة ولا الملف التعريفي لغتها. من تكلّم بلغة أخرى منها أُجيب بها.
settings-voice-en = الصوت بالإنجليزية
settings-voice-ar = الصوت بالعربية
settings-public = الاتصال متاح للجميع
settings-public-hint = كل من يصل إلى هذا الجهاز يستطيع الاتصال من صفحته بلا مفتاح ولا دعوة: في غرفة خاصة به، خمس مكالمات معًا من العنوان الواحد، ثم واحدة كل عشر ثوانٍ.
settings-public-configured = يقرر ذلك ملف الإعدادات: غيّر server.public_calls هناك.
