# What is wrong with a script. In English the program says it itself (src/script/problem.rs).
problem-place-document = المستند
problem-place-step = الخطوة `{ $name }`
problem-place-some-step = خطوة
problem-place-test = الاختبار `{ $name }`
problem-place-some-test = اختبار
problem-place-branch = تفرّع
problem-place-field = `{ $name }`
problem-place-text-of = أحد نصوص `{ $name }`
problem-hint-meant = ، هل تقصد `{ $name }`؟
problem-hint-there = ، والموجود: { $name }
problem-hint-nothing = ، ولا يوجد شيء بعد

problem-fault-not-true-or-false = يجب أن تكون قيمة `{ $key }` ‏`true` أو `false`
problem-fault-not-a-whole-number = يجب أن تكون قيمة `{ $key }` عددًا صحيحًا من { $least } إلى { $most }
problem-fault-not-a-table = يجب أن يكون `{ $key }` جدولًا، مثل `{ $key }.name = …`
problem-fault-unknown-field = لا يوجد في { $place } حقل `{ $name }`{ $hint }
problem-fault-not-a-text = يجب أن تكون قيمة { $place } نصًا بين علامتي اقتباس
problem-fault-empty-text = القيمة فارغة في { $place }: اكتب شيئًا أو احذفها
problem-fault-long-text = في { $place } ‏{ $length } حرفًا، والحد الأقصى { $most }
problem-fault-too-many-texts = في `{ $key }` أكثر من { $most } نصًا
problem-fault-long-document = حجم المستند { $bytes } بايت، والحد الأقصى { $most }
problem-fault-no-toml = هذا ليس TOML صحيحًا: { $message }
problem-fault-no-script-name = ليس للسيناريو اسم: ابدأ بالسطر `name = "…"`
problem-fault-no-steps = ليس في السيناريو خطوات: أضف `[[step]]` ومعها `id` وما تقوله أو تسأله
problem-fault-unknown-language = هذه لغة غير معروفة هنا: اكتب رمزًا مثل `en` أو `ar`. { $message }
problem-fault-too-many-tables = هناك أكثر من { $most } من `[[{ $key }]]`: اجعلها سيناريوهين
problem-fault-not-a-table-of-many = اكتب `[[{ $key }]]` ثم حقولها في السطور التي تليها
problem-fault-more-problems = هناك { $count } من الأخطاء الأخرى من هنا فصاعدًا: أصلح ما قبلها أولًا

problem-fault-too-many-declared = هناك أكثر من { $most } متغيرًا
problem-fault-too-many-variables = المتغيرات أكثر مما يجوز
problem-fault-bad-variable-name = لا يصلح `{ $name }` اسمًا لمتغير: استعمل حروفًا وأرقامًا و`_`
problem-fault-unknown-kind = لا يوجد نوع `{ $name }`{ $hint }
problem-fault-two-kinds = المتغير `{ $name }` من نوع `{ $known }` في موضع آخر، وهنا من نوع `{ $kind }`: استعمل متغيرين
problem-fault-unknown-variable = لا يوجد متغير `{ $name }`{ $hint } (عرّفه تحت `[variables]`)
problem-fault-wrong-kind = المتغير `{ $name }` من نوع `{ $kind }`، ويلزم `{ $key }` نوع `{ $wanted }`
problem-fault-open-variable = هناك متغير يبدأ بالقوسين ولا ينتهي: أضف قوسين مغلقين بعد اسمه
problem-fault-bad-variable = لا يصلح `{ $name }` بين الأقواس متغيرًا: في الاسم حروف وأرقام و`_`، ويبدأ بحرف
problem-fault-without-has-variables = يُقال `without` حين تنقص قيمة، فلا يجوز أن تكون فيه متغيرات

problem-fault-step-without-id = ليس للخطوة رقم { $number } معرّف `id`: سمّها، مثل `id = "greet"`
problem-fault-bad-step-id = لا يصلح `{ $name }` معرّفًا: استعمل حروفًا وأرقامًا و`_` و`-`، على أن يبدأ بحرف
problem-fault-step-twice = الخطوة `{ $name }` موجودة من قبل في السطر { $line }: اختر معرّفًا آخر
problem-fault-unknown-step = لا توجد خطوة `{ $name }`{ $hint }
problem-fault-unknown-way = لا يحدث شيء هنا عند `{ $name }`{ $hint }
problem-fault-unknown-line = لا توجد عبارة باسم `{ $name }`{ $hint }
problem-fault-two-tasks = في { $place } كلٌّ من `{ $one }` و`{ $other }`: اجعلها خطوتين
problem-fault-no-task = لا تفعل { $place } شيئًا: أعطها واحدًا من `say` أو { $kinds }
problem-fault-nothing-after = لا شيء بعد { $place }: اكتب `next`، أو أضف خطوة `end` تحتها
problem-fault-does-not-listen = يصلح `on.{ $name }` للخطوات التي فيها `ask` أو `converse`، وهذه لا تستمع
problem-fault-bad-outcome = لا يصلح `{ $name }` نتيجة: استعمل كلمة واحدة مثل `promised` أو `no-answer`

problem-fault-no-expectation = تسأل { $place } ولا تقول ما تتوقعه: اكتب `expect = "yes-no"` أو ما يشبهها
problem-fault-unknown-expectation = لا يمكن توقّع `{ $name }`{ $hint }
problem-fault-no-amount = ليس `{ $written }` مبلغًا: يلزم `{ $key }` عدد أو متغير من نوع `money`
problem-fault-bad-length = يجب أن تكون قيمة `length` عددًا لا يزيد على { $most }، أو عددين مثل `[4, 6]`
problem-fault-confirm-says-nothing = يجب أن يقول `confirm` ما فُهم: ضع فيه المتغير `answer` بين قوسين مزدوجين
problem-fault-no-answers = يلزم الاختيار `answers`، مثل `answers.pay = ["سأدفع"]` و`on.pay = "…"`
problem-fault-too-many-answers = هناك أكثر من { $most } جوابًا
problem-fault-bad-answer-name = لا يصلح `{ $name }` اسمًا لجواب: استعمل حروفًا وأرقامًا و`_` و`-`
problem-fault-answer-is-way = لكلمة `{ $name }` معنى خاص في `on`: سمِّ هذا الجواب باسم آخر
problem-fault-answer-leads-nowhere = لا تؤدي { $place } إلى شيء عند `{ $name }`: اكتب `on.{ $name }`، أو `next` لكل الأجوبة
problem-fault-unknown-answer = ليس في { $place } جواب `{ $name }`{ $hint }

problem-fault-too-many-cases = هناك أكثر من { $most } حالة: استعمل خطوتي تفرّع
problem-fault-bad-case = اكتب `branch = [{"{"} if = "amountDue > 100", then = "step" {"}"}]`
problem-fault-too-many-comparisons = أكثر من { $most } مقارنات: استعمل خطوتي تفرّع
problem-fault-no-condition = هذا ليس شرطًا: اكتب مثل `amountDue > 100` أو `customer = yes` أو `email is missing`
problem-fault-not-compared = لا يوجد متغير `{ $name }`{ $hint }
problem-fault-bad-operator = لا تقارن `{ $name }` شيئًا: اكتب مثل `amountDue > 100` أو `customer = yes` أو `email is missing`
problem-fault-not-comparable = لا يمكن مقارنة `{ $written }` بالمتغير `{ $name }`، فهو من نوع `{ $kind }`
problem-fault-not-ordered = المتغير `{ $name }` من نوع `{ $kind }` الذي لا أكبر فيه ولا أصغر: استعمل `=` أو `!=`

problem-fault-too-many-values = أكثر من { $most } قيمة في خطوة واحدة: استعمل خطوتين
problem-fault-kinds-differ = المتغير `{ $from }` من نوع `{ $other }`، و`{ $name }` من نوع `{ $kind }`
problem-fault-text-does-not-fit = المتغير `{ $name }` من نوع `{ $kind }`: لا يصلح له نص
problem-fault-value-does-not-fit = ليس `{ $written }` من نوع `{ $kind }` كما هو `{ $name }`
problem-fault-unknown-record = لا يمكن تسجيل `{ $name }`{ $hint }
problem-fault-needs-variable = يلزم { $place } ‏`{ $key }`: اسم المتغير الذي يحمل القيمة

problem-fault-send-needs-post = يلزم `send` أن تكتب `method = "POST"`: أما ما يقوله GET فضعه في عنوانه
problem-fault-unknown-method = ليس `{ $name }` طريقة طلب{ $hint }
problem-fault-bad-address = يبدأ العنوان بـ `https://` (أو `http://` على هذا الجهاز وحده) ثم مضيف بلا متغيرات، وليس فيه كلمة مرور
problem-fault-bad-pointer = يبدأ موضع `{ $name }` في الجواب بعلامة `/`، مثل `"/balance"`
problem-fault-too-many-fields = في `{ $key }` أكثر من { $most } حقلًا
problem-fault-no-way-on-failure = لا تقول { $place } إلى أين تذهب حين لا يأتي جواب: اكتب `on.failed`
problem-fault-host-not-listed = لا يجوز للسيناريوهات هنا أن تسأل `{ $host }`: على المسؤول أن يضيفه إلى الإعداد `scriptHosts`

problem-fault-test-without-name = ليس للاختبار `name`: قل ما الذي يبيّنه
problem-fault-unknown-persona = لا توجد شخصية `{ $name }`{ $hint }
problem-fault-no-such-value = ليس `{ $written }` من نوع `{ $kind }`
problem-fault-not-a-day = يجب أن تكون قيمة `{ $key }` يومًا مثل `"{ $example }"`
problem-fault-not-a-time = يجب أن تكون قيمة `{ $key }` وقتًا مثل `"{ $example }"`
problem-fault-not-an-amount = يجب أن تكون قيمة `{ $key }` مبلغًا مثل `{ $example }`
problem-fault-expects-nothing = لا يتوقع { $place } شيئًا: اكتب `expect.outcome = "…"` أو ما يشبهها
problem-fault-expect-not-a-table = يجب أن يكون `expect` جدولًا، مثل `expect.outcome = "promised"`

problem-fault-unreachable = لا تؤدي أي خطوة إلى `{ $name }`: سمّها في `next` أو `on`، أو احذفها
problem-fault-never-ends = لا تنتهي المكالمة أبدًا من `{ $name }`: اجعل إحدى الخطوات بعدها تؤدي إلى خطوة `end`
problem-fault-restless = تعود `{ $name }` إلى نفسها دون أن تسأل شيئًا: ضع `ask` في هذه الدورة
problem-fault-unconfirmed = قد يُوعَد بقيمة `{ $name }` دون أن تُقرأ على المتصل: احذف `confirm = false`، أو اسأل قبلها سؤال نعم أو لا يذكرها
