# Calls: the table, one call, and one that is under way.
nav-calls = المكالمات

calls-search = اسم المتصل أو الغرفة
calls-since = منذ
calls-export = تصدير بصيغة CSV
calls-empty = لم يتصل أحد بعد. من يفتح صفحة المتصلين يتحدث مع الوكيل.
calls-try = افتح صفحة المتصلين

call-about = بيانات المكالمة
call-caller = المتصل
call-started = البداية
call-answered = الرد
call-length = المدة
call-goes-on = جارية
call-with = مع
call-do-not-call = عدم الاتصال
call-direction = الاتجاه
call-direction-inbound = واردة
call-direction-outbound = صادرة
call-medium-voice = صوتية
call-medium-text = كتابية
call-language = اللغة
call-language-recognised = تُعرَف تلقائيًا
call-profile = ملف الوكيل
call-script = النص
call-script-version = الإصدار { $count }
call-room = الغرفة
call-seconds = بعد { $count } ث
call-outcome = النتيجة
call-outcome-hint = بكلمة أو كلمتين من عندك: وعد بالدفع، رقم خاطئ.

call-end = الانتهاء
call-end-caller-left = أنهاها المتصل
call-end-agent-left = أنهاها الوكيل
call-end-completed = مكتملة
call-end-silence = صمت
call-end-too-long = طالت أكثر من اللازم
call-end-room-closed = أُغلقت الغرفة
call-end-busy = كل الخطوط مشغولة
call-end-ended-by-staff = أنهاها موظف
call-end-failed = فشلت
call-end-stopped = توقف الخادم
call-end-interrupted = انقطعت

call-said = ما قيل
call-nothing-said = لم يقل أحد شيئًا.
call-erased = مُحي ما قيل.
call-who-caller = المتصل
call-who-agent = الوكيل
call-interrupted = قوطع
call-interrupted-after = قوطع بعد أن سُمعت { $count } ث
call-waterfall = كيف تكوّن الرد، منذ آخر كلمة للمتصل
call-step-end-of-turn = نهاية الدور
call-step-transcript = نص الكلام
call-step-first-words = أول الكلمات
call-step-first-clause = أول عبارة
call-step-first-audio = أول صوت
call-step-all-audio = كل الصوت
call-tokens = قُرئ { $prompt } رمزًا، منها { $cached } من الذاكرة؛ وأُنتج { $generated }

call-agreed = ما اتُّفق عليه
call-promise = وعد بالدفع: { $amount } حتى { $day }
promise-is-open = مفتوح
promise-is-kept = تم الوفاء به
promise-is-broken = أُخلف
call-callback = معاودة اتصال: { $name }
callback-is-open = مفتوحة
callback-is-done = تمت
callback-is-dropped = أُلغيت

call-now = الآن
call-state-initializing = لم يستعدّ بعد
call-state-listening = يستمع
call-state-thinking = يفكّر
call-state-speaking = يتحدث
call-step-now = الموضع في النص
call-graph = خطوات النص، والخطوة الحالية مميَّزة
call-say-words = جملة يقولها الوكيل
call-say-hint = تُقال ما إن يصمت الطرفان، ولا تُقاطَع.
call-say = قلها
call-end-it = إنهاء المكالمة
call-end-sure = هل تنهي هذه المكالمة؟ سيودّع الوكيل المتصل ثم يغلق الخط. لا يمكن التراجع عن ذلك.
call-delete-sure = هل تحذف هذه المكالمة وما قيل فيها نهائيًا؟ لا يمكن التراجع عن ذلك.

done-call-saved = حُفظت النتيجة.
done-call-deleted = حُذفت المكالمة.
done-call-said = سيقولها الوكيل.
done-call-ending = الوكيل يودّع المتصل.

problem-no-such-call-is-under-way = هذه المكالمة ليست جارية
problem-this-call-has-enough-to-answer = لدى هذه المكالمة ما يكفي الآن: حاول مرة أخرى بعد قليل
problem-the-call-ended-before-this-was-answered = انتهت المكالمة قبل ذلك
problem-this-call-is-going-on = هذه المكالمة جارية: احذفها بعد انتهائها
problem-too-many-pages-follow-what-happens-here = صفحات كثيرة تتابع ما يجري هنا: أغلق بعضها

# What calls came to: the outcomes of our scripts.
outcome-callback = معاودة الاتصال
outcome-cancelled = أُلغي
outcome-complaint = شكوى
outcome-confirmed = مؤكَّد
outcome-disputed = معترَض عليه
outcome-do-not-call = عدم الاتصال
outcome-done = تم
outcome-handed-over = حُوّل إلى موظف
outcome-moved = أُجِّل
outcome-no-answer = لا رد
outcome-no-data = بيانات ناقصة
outcome-not-interested = غير مهتم
outcome-promised = وعد بالدفع
outcome-qualified = مؤهَّل
outcome-refused = رفض
outcome-urgent = عاجل
outcome-wrong-person = شخص آخر
