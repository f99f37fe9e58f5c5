export const FIRST_NAMES = [
  "Ana", "Maria", "Inês", "Beatriz", "Leonor", "Mariana", "Carolina", "Matilde", "Francisca", "Joana", "Rita", "Sofia", "Marta", "Catarina",
  "Teresa", "Patrícia", "Helena", "Cláudia", "Fernanda", "Luísa", "Camila", "Isabel", "Lucía", "Carmen", "Emma", "Olivia", "Zoë", "Chloé",
  "João", "Rodrigo", "Miguel", "Tiago", "Pedro", "Rui", "André", "Søren",
] as const;

export const LAST_NAMES = [
  "Silva", "Santos", "Ferreira", "Pereira", "Oliveira", "Costa", "Rodrigues", "Martins", "Jesus", "Sousa", "Fernandes", "Gonçalves", "Gomes",
  "Lopes", "Marques", "Alves", "Almeida", "Ribeiro", "Pinto", "Carvalho", "Teixeira", "Moreira", "Correia", "Mendes", "Nunes", "O'Brien",
  "García", "Núñez", "Smith", "Müller", "de Andrade", "Sá",
] as const;

/** Names that a form accepted: other scripts, quotes, markup, an emoji, white space. */
export const STRANGE_NAMES = {
  greek: "Ελένη Παπαδοπούλου",
  cyrillic: "Ольга Кузнецова",
  arabic: "ليلى حسن",
  emoji: "Bia 🌸👩‍👧",
  quotes: "Maria \"Mimi\" D'Ávila",
  html: "<b>Rita</b><script>alert(1)</script>",
} as const;

export const MAIL_DOMAINS = ["example.test", "correio.example", "mail.example", "posta.example.test", "exemplo.test"] as const;

export const SERVICES = [
  "Pelvic floor assessment", "Consulta de fisioterapia pélvica", "Postpartum recovery", "Acompanhamento pós-parto", "Menopause consultation",
  "Nutrition in pregnancy", "Consulta de nutrição", "Fertility counselling", "Breastfeeding support", "Apoio à amamentação", "Endometriosis follow-up",
  "Sleep for mothers & babies", "Terapia de pareja", "First talk (free)",
] as const;

export const SENTENCES = {
  pt: [
    "A paciente refere dor pélvica ligeira há três semanas.", "Sem alterações relevantes desde a última consulta.",
    "Recomendo exercícios de Kegel duas vezes por dia.", "Dorme mal e acorda com afrontamentos.", "Ciclo irregular; pedir análises hormonais.",
    "Amamentação exclusiva, sem fissuras.", "Próxima avaliação dentro de quatro semanas.",
  ],
  en: [
    "Reports mild pelvic pain for three weeks.", "No relevant change since the last session.", "Advised pelvic floor training twice a day.",
    "Sleeps badly, wakes with hot flushes.", "Irregular cycle; hormone panel requested.", "Exclusive breastfeeding, no fissures.",
    "Review in four weeks.",
  ],
  es: [
    "Refiere dolor pélvico leve desde hace tres semanas.", "Sin cambios desde la última sesión.", "Ejercicios de suelo pélvico dos veces al día.",
    "Duerme mal, con sofocos.", "Ciclo irregular; se piden análisis hormonales.", "Revisión en cuatro semanas.",
  ],
} as const;

export const GUEST_NOTES = [
  "Tenho dores desde o parto e tomo ibuprofeno 400 mg.", "First pregnancy, 22 weeks, gestational diabetes.", "Prefiero hablar en español. Tuve un aborto en marzo.",
  "Endometriose diagnosticada em 2021.", "I feel anxious; please call before.", "Sem notas.", "Já fiz fisioterapia antes; não resultou.\nPodemos falar de outras opções?",
] as const;

export const ZONES = { "Europe/Lisbon": 70, "America/Sao_Paulo": 12, "Europe/Madrid": 10, "Europe/London": 8 } as const;
