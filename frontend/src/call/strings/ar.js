// In Arabic; the same shape as in English, which a test holds.
export const strings = {
  you: "أنت",
  agent: "الوكيل",
  guest: "ضيف",
  typed: "مكتوب",
  muted: "صوته مكتوم",
  speaking: "يتكلم",

  check: "اختبر الميكروفون",
  start: "ابدأ المكالمة",
  starting: "جارٍ الاتصال …",
  mute: "اكتم الصوت",
  unmute: "أعد الصوت",
  device: (number) => `ميكروفون ${number}`,
  levelHeard: "صوتك مسموع.",
  levelWaiting: "قل شيئًا: يتحرك الشريط عندما يُسمع صوتك.",
  levelMuted: "صوتك مكتوم: لا يسمعك أحد.",
  levelSilent: "لا يُسمع شيء من هذا الميكروفون. هل هو مطفأ، أم تقصد ميكروفونًا آخر؟",

  connection: {
    connecting: "جارٍ الاتصال …",
    connected: "متصل",
    reconnecting: "انقطع الاتصال، جارٍ إعادته …",
    rejoining: "انقطع الاتصال، جارٍ الاتصال من جديد …",
  },
  quality: { poor: "الاتصال ضعيف", lost: "لا يوجد اتصال" },

  agentState: {
    absent: "في انتظار الوكيل …",
    initializing: "يستعد …",
    listening: "يستمع",
    thinking: "يفكر …",
    speaking: "يتكلم",
    here: "في المكالمة",
    gone: "غادر المكالمة",
  },

  ended: {
    you: "أنهيتَ المكالمة.",
    agent: "أنهى الوكيل المكالمة.",
    elsewhere: "انضممتَ إلى هذه المكالمة من نافذة أخرى.",
    removed: "أُخرجتَ من المكالمة.",
    room: "أُغلقت المكالمة.",
    lost: "انقطع الاتصال ولم يعد.",
  },
  lasted: (time) => `استمرت ${time}.`,
  nowMuted: "صوتك مكتوم.",
  nowUnmuted: "صوتك مسموع من جديد.",

  problems: {
    insecure: {
      title: "يحتاج الميكروفون إلى اتصال آمن.",
      advice: "لا تسمح به المتصفحات إلا في صفحات https وعلى localhost. افتح هذه الصفحة عبر https، أو اتصل من دون ميكروفون.",
      action: "withoutMicrophone",
    },
    denied: {
      title: "الميكروفون غير مسموح به.",
      advice: "اسمح به لهذه الصفحة في شريط عنوان المتصفح وحاول مرة أخرى، أو اتصل من دون ميكروفون.",
      action: "withoutMicrophone",
    },
    missing: {
      title: "لم يُعثر على ميكروفون.",
      advice: "صِل ميكروفونًا وحاول مرة أخرى، أو اتصل من دون ميكروفون.",
      action: "withoutMicrophone",
    },
    occupied: {
      title: "لا يمكن استخدام الميكروفون.",
      advice: "ربما يستخدمه برنامج آخر. أغلق ذلك البرنامج وحاول مرة أخرى، أو اتصل من دون ميكروفون.",
      action: "withoutMicrophone",
    },
    away: {
      title: "الخادم لا يجيب.",
      advice: "تحقق من شبكتك، أو حاول مرة أخرى بعد قليل.",
      action: "retry",
    },
    full: {
      title: "جميع الخطوط مشغولة.",
      advice: "من فضلك حاول مرة أخرى بعد بضع دقائق.",
      action: "retry",
    },
    often: {
      title: "بدأت من هنا مكالمات كثيرة جدًا.",
      advice: "من فضلك حاول مرة أخرى بعد دقيقة.",
      action: "retry",
    },
    starting: {
      title: "ما زال الخادم يبدأ تشغيله.",
      advice: "تبدأ المكالمة تلقائيًا عندما يصبح جاهزًا.",
      action: "cancel",
    },
    stopping: {
      title: "يُعاد تشغيل الخادم.",
      advice: "تبدأ المكالمة تلقائيًا عندما يعود.",
      action: "cancel",
    },
    refused: {
      title: "هذه المكالمة غير مسموح بها.",
      advice: "قد تحتاج إلى دعوة. اسأل من يدير هذا الخادم.",
    },
    expired: {
      title: "انتهت صلاحية هذه الدعوة.",
      advice: "اطلب دعوة أخرى ممن أرسلها إليك.",
    },
    blocked: {
      title: "تعذّر توصيل المكالمة.",
      advice: "ربما تحجب شبكتك المكالمات. جرّب شبكة أخرى، أو اسأل من يدير هذا الخادم عن منافذه.",
      action: "retry",
    },
    nobody: {
      title: "لم يأتِ وكيل بعد.",
      advice: "يمكنك الانتظار، أو إنهاء المكالمة والمحاولة لاحقًا.",
    },
    silent: {
      title: "متصفحك يحجب الصوت.",
      advice: "",
      action: "sound",
    },
    unsent: {
      title: "لم تُرسل رسالتك.",
      advice: "ما زالت هنا: أرسلها مرة أخرى.",
    },
    failed: {
      title: "لم تنجح المكالمة.",
      advice: "حاول مرة أخرى. وإن تكرر ذلك فأعد تحميل الصفحة.",
      action: "retry",
    },
  },
  notices: {
    colleague: "يتحدث إليك الآن أحد الموظفين، والوكيل صامت في هذه الأثناء.",
    busy: "جميع الخطوط مشغولة: لا أحد يستطيع الرد عليك الآن. من فضلك اتصل بعد بضع دقائق.",
    "typed-only": "لا يستطيع الوكيل سماعك: اكتب ما تريد قوله، وسيأتيك الرد صوتًا.",
    unavailable: "لا يستطيع الوكيل الرد حاليًا. من فضلك اتصل لاحقًا.",
  },
  actions: {
    withoutMicrophone: "اتصل من دون ميكروفون",
    retry: "حاول مرة أخرى",
    sound: "شغّل الصوت",
    cancel: "لا تنتظر",
  },
};
