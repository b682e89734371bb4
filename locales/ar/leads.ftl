# Leads: people that the desk may win.
lead-new = عميل محتمل جديد
lead-name = الاسم
lead-phone = الهاتف
lead-phone-hint = مع رمز البلد، أو كما يُطلب في بلد المكتب.
lead-email = البريد الإلكتروني
lead-company = الشركة
lead-status = الحالة
lead-status-new = جديد
lead-status-contacted = تم التواصل
lead-status-qualified = مؤهَّل
lead-status-won = تم كسبه
lead-status-lost = خسرناه
lead-status-do-not-call = عدم الاتصال
lead-source = المصدر
lead-language = اللغة
lead-script = النص
lead-notes = ملاحظات
lead-search = اسم أو رقم أو شركة أو ملاحظات
lead-delete-sure = هل تحذف هذا العميل المحتمل؟ ما قيل معه يبقى محفوظًا، ويمكنك التراجع من الصفحة التالية خلال ساعة.
leads-empty = لا يوجد عملاء محتملون بعد. أضف أولهم، أو استورد قائمة.

