# What is wrong with what was sent. `problem-…` follows the name of a field, or stands below it: the keys are the API's own English
# up to its advice or examples, with n for a number. `error-…` are whole sentences, by the kinds of problem details.
problem-is-missing = هذا الحقل مطلوب
problem-must-be-a-text = يجب أن يكون نصًا
problem-must-not-be-empty = يجب ألا يكون فارغًا
problem-has-control-characters-in-it = فيه محارف تحكّم غير مسموح بها
problem-is-longer-than-n-characters = أطول من { $n } حرفًا
problem-is-longer-than-n-kib = أكبر من { $n } كيبيبايت
problem-must-not-be-a-payment-card-s-number = يجب ألا يكون رقم بطاقة دفع
problem-must-be = يجب أن يكون واحدًا من
problem-names-no-script = لا يوجد نص بهذا المعرّف
problem-is-somebody-else-s = مستخدم لدى شخص آخر
problem-is-wrong = غير صحيح
problem-is-not-a-telephone-number = ليس رقم هاتف: اكتب رقمًا مثل ‎+44 20 7946 0958
problem-has-no-country-s-code = ينقصه رمز البلد: ابدأه بعلامة + والرمز، أو حدّد بلد المكتب في الإعدادات
problem-is-not-an-e-mail-address = ليس بريدًا إلكترونيًا: اكتب عنوانًا مثل name@example.com
problem-is-no-language-that-is-known-here = لغة غير معروفة هنا: اكتب رمزًا مثل en أو ar
problem-must-be-a-number = يجب أن يكون رقمًا مثل 1500 أو 1500.50
problem-must-not-be-negative = يجب ألا يكون سالبًا
problem-must-be-a-number-of-days-from-n-to-n = يجب أن يكون عدد أيام من 0 إلى { $n }

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
