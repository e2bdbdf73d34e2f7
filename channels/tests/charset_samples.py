"""Subjects, names and texts in the languages and charsets that mailers send without declaring them.

Subjects as people write them, from one word to a line; names as in a From header; bodies of a sentence or two.
"""

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    charsets: tuple[str, ...]
    """Python codecs in use for it besides UTF-8."""
    subjects: tuple[str, ...]
    names: tuple[str, ...]
    bodies: tuple[str, ...]


LANGUAGES = {
    "Simplified Chinese": Language(
        ("gbk",),
        (
            "关于产品安装的问题",
            "您好，请问价格",
            "无法登录后台",
            "紧急：服务器无法连接",
            "回复：发票申请",
            "升级到最新版本之后报错",
            "请问如何导出全部数据？",
            "License 到期怎么办",
            "退款",
            "构建失败：找不到插件",
        ),
        ("王小明", "李娜", "张伟", "北京技术有限公司"),
        (
            "您好，我们昨天升级到了最新版本，之后所有的构建都失败了。日志里提示找不到插件，请帮忙看一下。",
            "请问这个产品的企业版怎么收费？我们团队大约有五十个人，需要开具增值税发票。",
            "谢谢你们的支持，问题已经解决了。",
        ),
    ),
    "Traditional Chinese": Language(
        ("big5",),
        (
            "關於產品安裝的問題",
            "您好，請問價格",
            "無法登入後台",
            "緊急：伺服器無法連線",
            "回覆：發票申請",
            "升級到最新版本之後發生錯誤",
            "請問如何匯出全部資料？",
            "License 到期怎麼辦",
            "退款",
            "建置失敗：找不到外掛程式",
        ),
        ("王小明", "陳怡君", "林志偉", "台北科技有限公司"),
        (
            "您好，我們昨天升級到了最新版本，之後所有的建置都失敗了。記錄檔裡顯示找不到外掛程式，請幫忙看一下。",
            "請問這個產品的企業版怎麼收費？我們團隊大約有五十個人，需要開立統一發票。",
            "謝謝你們的支援，問題已經解決了。",
        ),
    ),
    "Japanese": Language(
        ("cp932", "euc_jp"),
        (
            "製品のインストールについて",
            "Re: 見積もりの件",
            "ログインできません",
            "【至急】サーバーに接続できない",
            "お問い合わせの件について",
            "最新版に更新したらエラーが出ます",
            "データをすべて書き出す方法を教えてください",
            "ライセンスの更新について",
            "請求書の件",
            "ビルド失敗：プラグインが見つからない",
        ),
        ("山田太郎", "佐藤 花子", "鈴木一郎", "株式会社アクメ"),
        (
            "昨日最新版に更新したところ、すべてのビルドが失敗するようになりました。プラグインが見つからないと表示されます。ご確認をお願いします。",
            "企業向けプランの料金を教えてください。チームは約五十人で、請求書払いを希望しています。",
            "ご対応ありがとうございました。問題は解決しました。",
        ),
    ),
    "Korean": Language(
        ("cp949",),
        (
            "제품 설치 관련 문의",
            "안녕하세요, 가격 문의드립니다",
            "로그인이 안 됩니다",
            "긴급: 서버에 연결할 수 없습니다",
            "회신: 세금계산서 요청",
            "최신 버전으로 업데이트한 뒤 오류가 납니다",
            "모든 데이터를 내보내는 방법이 궁금합니다",
            "라이선스 만료 안내",
            "환불",
            "빌드 실패: 플러그인을 찾을 수 없음",
        ),
        ("김민수", "이영희", "박지훈", "주식회사 아크메"),
        (
            "안녕하세요. 어제 최신 버전으로 업데이트한 뒤 모든 빌드가 실패합니다. "
            "플러그인을 찾을 수 없다고 나옵니다. 확인 부탁드립니다.",
            "기업용 요금제의 가격을 알려 주세요. 저희 팀은 약 오십 명이고 세금계산서가 필요합니다.",
            "도와주셔서 감사합니다. 문제가 해결되었습니다.",
        ),
    ),
    "Russian": Language(
        ("koi8_r", "cp1251"),
        (
            "Вопрос по установке",
            "Привет",
            "ЗАЯВКА НА РЕМОНТ",
            "Срочно: сервер не отвечает",
            "Ответ: счёт на оплату",
            "После обновления всё перестало работать",
            "Как выгрузить все данные?",
            "Продление лицензии",
            "Возврат",
            "Ошибка сборки: плагин не найден",
        ),
        ("Иван Петров", "Мария Смирнова", "Ян", "ООО Акме"),
        (
            "Здравствуйте! Вчера мы обновились до последней версии, и теперь не проходит ни одна "
            "сборка. В журнале написано, что плагин не найден. Помогите, пожалуйста.",
            "Подскажите, сколько стоит корпоративная версия? У нас в команде около пятидесяти человек, нужен счёт.",
            "Спасибо за помощь, всё заработало.",
        ),
    ),
    "Ukrainian": Language(
        ("cp1251", "koi8_u"),
        (
            "Питання щодо встановлення",
            "Не можу увійти до системи",
            "Терміново: сервер не відповідає",
            "Рахунок на оплату",
            "Після оновлення нічого не працює",
            "Як вивантажити всі дані?",
        ),
        ("Олена Шевченко", "Андрій Коваль"),
        (
            "Вітаю! Учора ми оновилися до останньої версії, і тепер жодна збірка не проходить. Допоможіть, будь ласка.",
            "Дякую за допомогу, усе запрацювало.",
        ),
    ),
    "German": Language(
        ("cp1252",),
        (
            "Größe der Datei",
            "Rückfrage zur Rechnung",
            "Anmeldung nicht möglich",
            "Für Sie: Lizenzverlängerung",
            "Grüße aus München",
            "Stromausfall – Server läuft nicht",
        ),
        ("Jürgen Müller", "Käthe Weiß", "Jörg"),
        (
            "Guten Tag, seit gestern schlägt bei uns jeder Build fehl. Das Plugin wird laut Protokoll "
            "nicht gefunden. Können Sie bitte prüfen, woran es liegt?",
            "Vielen Dank für die schnelle Hilfe, es läuft wieder. Schöne Grüße",
        ),
    ),
    "French": Language(
        ("cp1252",),
        (
            "Problème d’installation",
            "Résumé: étude terminée",
            "Échec de la connexion",
            "Réponse : facture n° 12",
            "Où trouver l’élément supprimé ?",
            "Déjà réglé",
        ),
        ("François Lefèvre", "Zoé", "Hélène Bézier"),
        (
            "Bonjour, depuis la mise à jour d’hier toutes nos compilations échouent. Le journal indique "
            "que le greffon n’a pas été trouvé. Pouvez-vous nous aider ?",
            "Merci beaucoup, le problème est réglé. À bientôt",
        ),
    ),
    "Spanish": Language(
        ("cp1252",),
        (
            "¿Cómo exporto los datos?",
            "Error al iniciar sesión",
            "Petición de información",
            "Año nuevo: renovación",
            "Señal perdida",
        ),
        ("José Núñez", "María Peña"),
        (
            "Hola, ¿cuánto cuesta la versión para empresas? Somos unas cincuenta personas y necesitamos "
            "factura. ¡Gracias!",
        ),
    ),
    "Portuguese": Language(
        ("cp1252",),
        (
            "Ação de não",
            "Dúvida sobre a instalação",
            "Não consigo entrar",
            "Atualização da licença",
            "Solicitação de orçamento",
        ),
        ("João Conceição", "Inês"),
        (
            "Olá, depois da atualização de ontem nenhuma compilação funciona. O plugin não é encontrado. "
            "Vocês podem verificar?",
        ),
    ),
    "Scandinavian": Language(
        ("cp1252",),
        (
            "Bokmål og høyre",
            "Spørgsmål om prisen",
            "Går inte att logga in",
            "Återbetalning",
            "Fejl på serveren: kan ikke nås",
        ),
        ("Åse Bjørn", "Søren Kjær", "Göran"),
        (
            "Hej, vi får fel när vi bygger sedan uppdateringen i går. Insticksmodulen hittas inte. "
            "Kan ni hjälpa oss? Hälsningar",
        ),
    ),
    "Greek": Language(
        ("cp1253",),
        (
            "Ερώτηση για το προϊόν",
            "Πρόβλημα σύνδεσης",
            "Επείγον: ο διακομιστής δεν απαντά",
            "Τιμολόγιο",
            "Ανανέωση άδειας",
        ),
        ("Γιώργος Παπαδόπουλος", "Μαρία"),
        (
            "Καλησπέρα, από χθες που αναβαθμίσαμε αποτυγχάνουν όλες οι κατασκευές. Το πρόσθετο δεν "
            "βρίσκεται. Μπορείτε να βοηθήσετε;",
        ),
    ),
    "Hebrew": Language(
        ("cp1255",),
        ("שאלה על המוצר", "לא מצליח להתחבר", "דחוף: השרת לא עונה", "בקשה לחשבונית", "חידוש רישיון"),
        ("דוד כהן", "מרים לוי"),
        ("שלום, אתמול שדרגנו לגרסה האחרונה ומאז כל הבניות נכשלות. ביומן כתוב שהתוסף לא נמצא. אפשר לעזור בבקשה?",),
    ),
    "Arabic": Language(
        ("cp1256",),
        ("سؤال حول المنتج", "لا أستطيع تسجيل الدخول", "عاجل: الخادم لا يستجيب", "طلب فاتورة", "تجديد الترخيص"),
        ("محمد علي", "فاطمة"),
        (
            "مرحبا، قمنا بالتحديث إلى الإصدار الأخير أمس ومنذ ذلك الحين تفشل جميع عمليات البناء. "
            "هل يمكنكم المساعدة من فضلكم؟",
        ),
    ),
    "Thai": Language(
        ("cp874",),
        ("คำถามเกี่ยวกับสินค้า", "เข้าสู่ระบบไม่ได้", "ด่วน: เซิร์ฟเวอร์ไม่ตอบสนอง", "ขอใบแจ้งหนี้", "ต่ออายุใบอนุญาต"),
        ("สมชาย ใจดี", "มาลี"),
        ("สวัสดีครับ เมื่อวานเราอัปเดตเป็นรุ่นล่าสุด หลังจากนั้นสร้างไม่ผ่านเลย ระบบแจ้งว่าไม่พบปลั๊กอิน ช่วยตรวจสอบให้หน่อยครับ",),
    ),
}
"""Without Polish, Czech, Hungarian and Turkish: undeclared, they differ from windows-1252 in too few letters."""
