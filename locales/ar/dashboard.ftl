# What is going on.
today-calls = { $count ->
    [one] مكالمة اليوم
    [two] مكالمتان اليوم
    [few] مكالمات اليوم
   *[other] مكالمة اليوم
}
today-answered = { $count ->
    [one] منها تم الرد عليها
   *[other] منها تم الرد عليها
}
today-promises = { $count ->
    [one] وعد بالدفع اليوم
    [two] وعدان بالدفع اليوم
    [few] وعود بالدفع اليوم
   *[other] وعدًا بالدفع اليوم
}
today-callbacks = { $count ->
    [one] معاودة اتصال مستحقة
    [two] معاودتا اتصال مستحقتان
    [few] معاودات اتصال مستحقة
   *[other] معاودة اتصال مستحقة
}

now = المكالمات الجارية
now-lines = { $count ->
    [0] لا أحد يتصل الآن. { $capacity ->
        [one] يمكن خدمة مكالمة واحدة في الوقت نفسه.
        [two] يمكن خدمة مكالمتين في الوقت نفسه.
        [few] يمكن خدمة { $capacity } مكالمات في الوقت نفسه.
       *[other] يمكن خدمة { $capacity } مكالمة في الوقت نفسه.
    }
   *[other] الخطوط المشغولة: { $count } من { $capacity }.
}
now-since = منذ { $name }

waiting = كم ينتظر المتصلون
waiting-hint = الثواني من آخر كلمة للمتصل إلى أول صوت من الرد، في آخر 24 ساعة.
waiting-nothing = لم يُرَدّ على أحد في آخر 24 ساعة.
waiting-hour = الساعة
waiting-median = نصفهم ينتظر أقل من
waiting-slow = واحد من كل عشرين ينتظر أكثر من
waiting-answers = الردود
as-table = على شكل جدول

job-vad = يميّز الكلام من الصمت
job-stt = يسمع
job-turn = يعرف متى انتهى المتصل من كلامه
job-llm = يفكّر
job-tts = يتحدث

stock = النماذج والقرص
stock-free = { $name } متاحة على قرص مجلد البيانات
stock-no-models = لا نماذج مثبتة بعد.
