"""Grammar rules for the same kinds of mentions in other languages."""

from __future__ import annotations

TWEETS: dict[str, dict[str, tuple[str, ...]]] = {
    "de": {
        "question": (
            "{to} wie bekomme ich einen Runner {place_de} zum Laufen? Die Doku ({docs_url}) hilft mir nicht weiter.",
            "Gibt es bei {to} eine Möglichkeit, nur geänderte Ordner zu bauen? Wir sind {place_de}. Danke!",
            "Moin {to}, zählen Gäste als Lizenz? Wir wären {number} Leute.",
        ),
        "praise": (
            "Großes Lob an {to}: Umstieg von {tool} mit {number} Projekten an einem Nachmittag erledigt 🎉",
            "Die neuen Boards von {to} sind richtig schön geworden. Läuft bei uns {place_de}.",
        ),
        "bug": (
            '{to} seit dem Update bleiben unsere Pipelines hängen ({place_de}), Fehler: "{error}"',
            "Ist bei {to} gerade alles so langsam oder liegt es an uns? Wir sind {place_de}.",
        ),
    },
    "es": {
        "question": (
            "¿{to} se puede usar el registro con un token de solo lectura? Somos {number}. Gracias",
            "Hola {to}, ¿cómo migro {number} proyectos desde {tool}?",
        ),
        "praise": ("¡Qué maravilla los pipelines de {to}! Adiós {tool} 👏",),
        "bug": ('{to} desde ayer me sale "{error}" en cada despliegue, ¿alguien más?',),
    },
    "ja": {
        "question": (
            "{to} セルフホスト版でバックアップからプロジェクトを {number} 個だけ復元できますか？",
            "{to} {tool} から移行したいのですが、CI の分数はどこで確認できますか？教えてください。",
        ),
        "praise": ("{to} のパイプライン、{tool} より本当に速いですね。ありがとうございます！",),
        "bug": ("{to} アップグレード後に 502 が出ます。「{error}」",),
    },
    "fr": {
        "question": ("{to} peut-on mettre en cache les dépendances entre {number} branches ? Merci d'avance",),
        "praise": ("Bravo {to}, la revue de code est un vrai plaisir après {tool} ❤️",),
        "bug": ("{to} depuis ce matin : « {error} », une idée ?",),
    },
    "pt": {
        "question": ("{to} dá para rodar o runner em ARM? Temos {number} projetos vindos do {tool}",),
        "praise": ("Migramos {number} projetos de {tool} para o Acme em um dia. Parabéns {to} 🚀",),
        "bug": ('{to} o pipeline fica parado em pending desde ontem 😅 "{error}"',),
    },
}
RULES: dict[str, tuple[str, ...]] = {
    "place_de": ("hinter einem Proxy", "auf Acme.com", "selbst gehostet", "mit Version 18.6", "unter Debian 13"),
}

MAILS: dict[str, tuple[tuple[str, str], ...]] = {
    "de": (
        (
            "Frage zur Größe",
            "Hallo zusammen,\n\nfallen die T-Shirts eher klein aus? Ich trage sonst M, bin aber {number} cm … "
            "nein, im Ernst: Gibt es eine Größentabelle?\n\nViele Grüße aus Köln",
        ),
        (
            "Förderung für unseren Verein",
            "Guten Tag,\n\nwir sind ein gemeinnütziger Verein und würden Acme gern für {who} nutzen. "
            "Was müssen wir dafür einreichen?\n\nMit freundlichen Grüßen",
        ),
    ),
    "es": (
        (
            "Solicitud para educación",
            "Buenos días:\n\nSoy profesor y me gustaría usar Acme con {number} alumnos. ¿Qué documentos "
            "necesitan?\n\nUn saludo",
        ),
    ),
    "ja": (
        (
            "Acme のステッカーについて",
            "お世話になっております。\n\n勉強会で配布するステッカーを {number} 枚いただくことは可能でしょうか。\n\n"
            "よろしくお願いいたします。",
        ),
    ),
    "fr": (
        (
            "Question sur ma commande",
            "Bonjour,\n\nma commande n° {number} n'est toujours pas arrivée. Pouvez-vous vérifier ?\n\nBien à vous",
        ),
    ),
    "pt": (
        (
            "Palestra sobre o Acme",
            "Olá!\n\nOrganizamos um encontro em Lisboa e gostaríamos de convidar alguém da Acme para falar "
            "sobre CI.\n\nAbraços",
        ),
    ),
}
