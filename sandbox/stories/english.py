"""English rules by kind of mention. `{thing}`, `{goal}`, `{failing}`, `{error}`, `{page}` come from the topic."""

from __future__ import annotations

from sandbox.stories.grammar import Rules

COMMON: Rules = {
    "tool": (
        "GitHub",
        "Jenkins",
        "Jira",
        "Bitbucket",
        "CircleCI",
        "Travis",
        "Azure DevOps",
        "TeamCity",
        "Gitea",
        "a pile of shell scripts",
        "Nexus",
        "Artifactory",
        "Trello",
    ),
    "who": (
        "my team",
        "our team of twelve",
        "the students in my course",
        "the two of us",
        "our platform group",
        "a customer of mine",
        "the whole department",
        "our tiny startup",
        "the nonprofit I help",
    ),
    "since": (
        "since this morning",
        "since the upgrade",
        "for two days now",
        "since Monday",
        "for about an hour",
        "every Friday afternoon",
        "after the last release",
        "on and off this week",
    ),
    "place": (
        "on Acme.com",
        "on our self-hosted instance",
        "with 18.4",
        "in the free plan",
        "on the EU region",
        "with version 18.6.1",
        "behind a corporate proxy",
        "on Debian 13",
    ),
    "how_sure": ("is there", "is there really", "do you know if there is", "would there be", "isn't there"),
    "thanks": ("Thanks", "Thank you", "Thanks a lot", "thx", "Many thanks", "Cheers", "Perfect, thanks", "Brilliant"),
    "solved": (
        "that did it",
        "it works now",
        "that was the missing piece",
        "all green again",
        "exactly what I was looking for",
        "{thing} does what it should now",
        "solved",
        "that helps {who} a lot",
    ),
    "version": ("18.5", "18.6", "18.7", "19.0", "19.1"),
    "count": ("12", "40", "75", "200", "340", "900"),
    "region": ("in Europe", "from Brazil", "from the US east coast", "over IPv6", "from our office", "on mobile"),
    "hello": ("hey", "hi", "hello", "good morning", "hi there", "", "", ""),
    "please": (
        "any hint?",
        "any pointers?",
        "what am I missing?",
        "is that on the roadmap?",
        "docs link would do!",
        "thanks in advance",
        "am I holding it wrong?",
        "anyone?",
        "",
        "",
        "",
    ),
    "feel": (
        "Really",
        "Honestly",
        "Not gonna lie",
        "Have to say",
        "After a year of using it",
        "Small thing, but",
        "Friday thought",
        "Unpopular opinion",
    ),
    "emoji": ("🎉", "❤️", "🙌", "😅", "🤔", "🚀", "", "", "", "", ""),
    "docs_url": ("https://docs.acme.example/{page}",),
    "days": ("two", "three", "four", "ten"),
    "issue": tuple(str(n) for n in range(3041, 9973, 113)),
    "number": ("12", "40", "75", "200", "1,400"),
}

TWEETS: dict[str, tuple[str, ...]] = {
    "question": (
        "{hello} {to} is there a way to {goal}? {please}",
        "{to} how do I {goal} {place}? {please}",
        "Trying to {goal} and going in circles. {to} {please}",
        "{to} {how_sure} a way to {goal}? The docs ({docs_url}) don't say. {please}",
        "Can I use {thing} {place}? For {who} it would be good to {goal} {to}",
        "{to} quick one: can {who} {goal} without the premium plan?",
        "Question for {to}: we want to {goal}, is {docs_url} still the right place to start?",
        "dear {to}, I'd love to {goal}. Is that possible {place}? {emoji}",
    ),
    "praise": (
        "{feel}, working with {thing} by {to} is a joy. {emoji}",
        "Moved {who} to {to} {days} weeks ago, it was worth it for {thing} alone {emoji}",
        "Hats off for {thing}: just saved {who} an afternoon. Thank you {to} {emoji}",
        "Whoever at {to} works on {thing}: you are doing great {emoji}",
        "I could {goal} in five minutes. {feel} impressed, {to} {emoji}",
        "{to} your docs on {thing} are the best I've read this year",
        "Today I learned you can {goal} with {to}. Mind blown {emoji}",
    ),
    "bug": (
        "{to} {failing} {since}. {error}",
        "Is it just me or {failing}? {place} {to}",
        "{to} found a bug: {failing} {place}. Where do I report it?",
        "{failing} {since} and it costs {who} hours. {to} please have a look {emoji}",
        'getting "{error}" when I try to {goal} {to} {please}',
        '{to} trouble with {thing} {since}: "{error}". Known issue?',
    ),
    "outage": (
        "{to} is Acme.com down {region}? Getting 502s {since}",
        "Anybody else seeing timeouts on Acme.com {region}? {to}",
        "{to} git push hangs {since} {region}, status page is all green...",
        "Acme.com is crawling {since} {region}. {to} is somebody on it? {emoji}",
        "{to} {failing} and the status page says nothing. Incident?",
        "503 503 503 503 {region} {to} {emoji}",
    ),
    "idea": (
        "{to} it would be great to {goal} right from the UI",
        "Feature wish for {to}: let me {goal}. Would pay for it {emoji}",
        "{thing} would be perfect, {to}, if only I could {goal}",
    ),
    "moving": (
        "Just moved {who} from {tool} to Acme, {number} repos in {days} hours {to} {emoji}",
        "Day {days} after leaving {tool}: {thing} is what we were missing. {to}",
        "Thinking about moving {who} from {tool}. What should we know, {to}?",
        "We did it! {tool} is switched off, everything runs on Acme now {to} {emoji}",
        "{to} is there an importer for {tool}? {number} projects to move",
    ),
    "competitor": (
        "{tool} is down again. Meanwhile {to} just works. Lol",
        "Friends don't let friends use {tool}. Use {to}. That's the tweet",
        "{tool} wants how much?! {to} does the same for less {emoji}",
        "lol {tool} just announced what {to} had three years ago",
    ),
    "spam": (
        "{to} 💰💰 earn $5000 a week from home, link in bio 💰💰",
        "{to} CHEAP FOLLOWERS!!! visit https://followers.example/buy-now now",
        "Congratulations {to} you have been selected!! claim at https://prize.example/claim?id={number}",
        "crypto airdrop for devs {to} https://airdrop.example/join #crypto #airdrop #nft",
    ),
    "report_spam": (
        "{to} there's spam all over the issues of our public project, {number} new ones {since}",
        "{to} somebody is posting phishing links in comments, where can I report that?",
    ),
    "criticism": (
        "{to} charging extra for {thing} is a bold move. {who} is out",
        "{feel}, {thing} on {to} feels slower with each release",
        "Another redesign {to}? I had just learned where {thing} lives",
        "{to} {failing} and the issue about it is {days} years old. Priorities?",
    ),
    "hostile": (
        "{to} <script>alert('hi')</script> does {thing} escape this? asking for {who} & a friend",
        "{to} a < b && c > d breaks the preview {place}, {failing}",
        "{to} {failing}\u202e reversed \u200bzero-width & \"quotes\" 'all' over",
    ),
    "long": (
        "{to} long one, sorry. We have used {thing} for {days} years and are mostly happy. But {since} {failing}, "
        'and every time we try to {goal} we get "{error}". We went through {docs_url} twice, asked in the forum, and '
        "restarted everything that can be restarted. {please} We'd rather not go back to {tool}, who can we talk to?",
    ),
}

COMMENTS: dict[str, tuple[str, ...]] = {
    "question": (
        "Does anybody here run Acme at this scale? We'd like to {goal} and I can't tell from the docs whether that is "
        "supported {place}.",
        "How does Acme compare with {tool} here? In particular I want to {goal}.",
        "Can somebody from Acme comment on whether one can {goal}?\n\nThe page at {docs_url} is silent about it.",
        "Genuine question: what does {thing} at Acme give me that {tool} does not?",
    ),
    "praise": (
        "We switched {who} from {tool} to Acme last year and I don't miss anything. {thing} in particular is great.",
        "Acme is the rare tool where the boring parts work. I was able to {goal} within minutes.",
        "Happy Acme user here. {feel}, *{thing}* is underrated.",
    ),
    "bug": (
        "I wanted to like Acme, but {failing} {place}. The ticket has been open for {days} years.",
        "Same here with Acme: {failing} {since}.\n\n  {error}\n\nDid you find a workaround?",
        'At Acme, {thing} broke for us {since}. We get "{error}" on every third run.',
    ),
    "criticism": (
        "The trouble with Acme is that everything is 80% done. {thing} is a good example: {failing}.",
        "Acme's pricing lost me. {who} just needs {thing}, not the other forty features.",
        "I find it hard to trust Acme with our code while {failing}.",
    ),
    "comparison": (
        "> {tool} is fine\n\nUntil you have to {goal}. That took us a week; in Acme it was one line.",
        "It depends. {tool} wins for small teams, Acme once you need {thing}.",
        "Self-hosting Acme needs 8 GB of RAM, {tool} doesn't. But you also get {thing}.",
    ),
    "idea": (
        "If Acme let me {goal}, I would move {who} over tomorrow.",
        "Feature request for the Acme folks reading this: please let us {goal}.",
    ),
}

PREFIX_ONLY: tuple[str, ...] = (
    "There is a whole branch of acmeology about this, the study of peaks in adult development.",
    "The acmeist poets would have had an opinion on this landing page.",
    "We used Acmecorp's billing product for {days} years. No relation to anything here, I just miss it.",
    "acmecli is my own little tool, nothing to do with the company.",
    "Growth at an acmeological peak is hardly surprising, {tool} had the same curve.",
)

OFF_TOPIC: tuple[str, ...] = (
    "I have never seen {tool} do this well.",
    "The real question is why {who} would need this at all.",
    "This is the third such announcement this month.",
    "Worth reading the linked paper, the numbers are better than the abstract suggests.",
    "Has anyone tried to {goal} with plain make?",
)

STORIES: tuple[tuple[str, str], ...] = (
    ("Acme {version} released with {thing}", "https://about.acme.example/blog/release-{count}"),
    ("Why we moved {count} repositories from {tool} to Acme", "https://engineering.northwind.example/moving-{count}"),
    ("Acme and {thing}: a post-mortem", "https://blog.sre.example/acme-post-mortem-{count}"),
    ("Show HN: A terminal UI for Acme", "https://code.example/tui-{count}"),
    ("Ask HN: Is Acme still worth it for {who}?", ""),
    ("Ask HN: How do you {goal}?", ""),
    ("Acme raises prices for {thing}", "https://technews.example/acme-prices-{count}"),
    ("Self-hosting Acme on a Raspberry Pi", "https://pi.example/selfhost-{count}"),
)

OTHER_STORIES: tuple[tuple[str, str], ...] = (
    ("{tool} acquired for ${count}M", "https://technews.example/acquired-{count}"),
    ("The state of continuous integration", "https://survey.example/ci-{count}"),
    ("A faster linker for large C++ projects", "https://linker.example/{count}"),
    ("Show HN: I wrote a tiny build system in Zig", "https://code.example/build-{count}"),
    ("PostgreSQL at {count} terabytes", "https://db.example/pg-{count}"),
    ("Acmeism: the poets who wanted clarity", "https://poetry.example/acmeism-{count}"),
    ("What every programmer should know about {count} ms", "https://latency.example/{count}"),
)

ANSWERS: dict[str, tuple[str, ...]] = {
    "question": (
        "You can! Have a look at {docs_url}, and tell us if it leaves anything open.",
        "Thanks for asking. That is not possible yet; the idea is tracked and your use case would help there: "
        "https://tracker.acme.example/issues/{issue}",
        "Yes, {thing} can do that. The steps are on {docs_url}. Which installation do you use?",
        "Good question! In short: {docs_url}. If that's not it, the forum is the best place for the details.",
    ),
    "praise": (
        "Thank you, that made our day! 🙌",
        "So good to hear, we'll pass it on to the team!",
        "Happy that {thing} works well for you. Thanks for telling us!",
    ),
    "bug": (
        "Sorry about that! We found https://tracker.acme.example/issues/{issue}, could you add what you see there?",
        "That should not happen. Which version do you run? A report at https://tracker.acme.example would help a lot.",
        "Thanks for the report. The fix is in the next patch release: https://tracker.acme.example/issues/{issue}",
    ),
    "outage": (
        "We are on it, updates at https://status.acme.example. Do you still see it?",
        "Sorry for the trouble! It should be back to normal, see https://status.acme.example. Is it for you?",
    ),
    "moving": (
        "Welcome! What are the main benefits you see so far?",
        "Great to have you! The import guide is at {docs_url}, ask us anything.",
    ),
    "mail": (
        "thank you for writing to us. {docs_url} has the steps; if anything is unclear, just answer this mail.",
        "thanks for your patience. I have passed this on and will come back to you within {days} days.",
        "great to hear from you. We'd be glad to help: could you tell us a little more about {who}?",
    ),
}

FOLLOW_UPS: dict[str, tuple[str, ...]] = {
    "thanks": (
        "{thanks}, {solved}! {emoji}",
        "{thanks} {emoji} {solved}.",
        "{solved}. {thanks}!",
        "That was quick. {thanks}, {solved} {emoji}",
        "Ah, I had missed that page. {thanks}!",
        "{thanks}, now we can {goal} {emoji}",
    ),
    "more": (
        "Thanks, but that page doesn't say how to {goal}. Is it possible at all?",
        'Hmm, I tried that and now I get "{error}"',
        "Nearly! Does it also work {place}?",
        "ok, and what if {failing}?",
    ),
}

ME_TOO: tuple[str, ...] = (
    "same here {since}",
    "This! {who} has been waiting for it {emoji}",
    "following, {who} would like to know too",
    "we had that too {place}, a restart helped",
    "+1, {failing} for us",
    "Same {region} 👀",
)
