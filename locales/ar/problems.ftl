# What is wrong with what was sent. `problem-…` follows the name of a field, or stands below it; the keys are the API's own
# English sentences, with n for a number. `error-…` are whole sentences, by the kinds of problem details.
problem-is-missing = هذا الحقل مطلوب
problem-is-missing-give-a-name-or-a-telephone-number = اكتب اسمًا أو رقم هاتف
problem-must-be-a-text = يجب أن يكون نصًا
problem-must-not-be-empty = يجب ألا يكون فارغًا
problem-has-control-characters-in-it = فيه محارف تحكّم غير مسموح بها
problem-is-longer-than-n-characters = أطول من { $n } حرفًا
problem-is-longer-than-n-kib = أكبر من { $n } كيبيبايت
problem-must-not-be-a-payment-card-s-number = يجب ألا يكون رقم بطاقة دفع
problem-must-be-one-of = يجب أن يكون واحدًا من
problem-names-no-script = لا يوجد نص بهذا المعرّف
problem-is-somebody-else-s = مستخدم لدى شخص آخر
problem-is-wrong = غير صحيح

error-no-session = انتهت جلستك: سجّل الدخول ثم أعد ما فعلت.
error-role = صلاحيتك لا تسمح بهذا: اسأل مدير النظام.
error-foreign-page = لم يُرسَل هذا من صفحة على هذا الخادم: افتح الصفحة من جديد وأعد ما فعلت.
error-form = هذا ليس ما يرسله نموذج الصفحة: افتح الصفحة من جديد وأعد ما فعلت.
error-not-found = لم يعد موجودًا.
error-stale = غيّر شخص آخر هذا بعد أن قرأته: اقرأه من جديد وأعد تغييرك.
error-too-often = طلبات كثيرة: حاول مرة أخرى بعد قليل.
error-store = قاعدة البيانات لا تستجيب: حاول مرة أخرى، وانظر السجل إن استمر ذلك.
error-failed = فشل هذا الطلب: السبب في السجل.
error-late = لم يردّ أي وكيل في الوقت المحدد: حاول مرة أخرى بعد قليل.
