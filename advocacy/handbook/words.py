"""Guidelines (how to answer) and workflows (what to do), as Markdown next to the composer. Admins may edit them
freely."""

from __future__ import annotations

VOICE = """\
**Do** start friendly and thank them; answer every point; link the issue, the docs or the handbook page; ask for
feedback; say so when you do not know, and that you will find out. Emoji are fine, so is humour.

**Don't** talk competitors down, defend by reflex, use marketing phrases, or answer with one word. When it turns
personal, step back and ask a colleague. *Represent, don't argue.*

**On criticism**: acknowledge it, apologise for the trouble, ask how we can do better and link the issue where
it is worked on, end on a friendly note.

**Does it need an expert?** Would they feel more heard? Is it something that only somebody who built it can
answer? Is it feedback on the product or the company? Then involve one. A misconception: link the page that
clears it up. A discussion among users: watch it, and let them speak.
"""

TWITTER = """\
1. Play the queue: oldest first, nothing skipped, nothing passed on to a colleague. Ask in Slack if you do not
   know.
2. Open short links first, so that you know what it is about. Ask whether it is about $company.com or their own
   installation.
3. Nearly every tweet is answered. Tweets that only praise or attack a competitor are not: *no reply needed*.
4. **Bugs and ideas**: find the issue, answer with its link and invite them; none found: ask them to open one.
5. **Support questions**: a similar topic of the forum first, else the fitting category. Too complex: to
   support.
6. **Downtime**: look at the status page and at @${handle}status; answer with the link and ask whether they
   still see it.
7. **Reports of spam**: link and time to `#abuse`, and thank them.
8. Likes are for praise only. No retweets: share what deserves one to `#social_media`. Direct messages only
   where they must tell us something private, and only after we wrote first.
"""
TWITTER_MAIN = "Several of our handles named: answer from this one, unless it is about availability."
TWITTER_MOVING = "Thank them for the move, and ask **what the benefits are for them**."
TWITTER_STATUS = """Only about the availability of $company.com, or under an earlier update of this handle. Updates are
posted by the infrastructure team alone."""
TWITTER_SUPPORT = "Ask which installation they use. Nothing about accounts, invoices or tickets in public."

HACKER_NEWS = """\
Answer on Hacker News itself, with **your own account**, and say that you work here (your profile's *about*
tells your role). No marketing language. Somebody who built it answers better than we do: involve an expert
early, a thread lives for some hours. When the expert has answered the ticket is solved by itself; if their
answer does not name $company it is found in the thread all the same."""
FRONT_PAGE = """\
Not a ticket: a story on the front page is told in Slack. Important and urgent at once? Ping `@advocates`,
involve experts, and share it where its topic is at home (`#ceo`, `#marketing`, `#product`, `#competition`)."""
REDDIT = """Answer with **your own account** and say that you work here. Mind the rules of the subreddit: links of ours
are unwelcome in many. Experts are involved as on Hacker News."""
LOBSTERS = HACKER_NEWS.replace("Hacker News", "Lobsters")
FACEBOOK = "Comments are answered in public, messages in private; who writes a message expects an answer within a day."

BLOG = """Is it a question, a problem, or just talk? Questions and problems are answered in the comments, with your own
account. Ask the **author of the post** first; if the author is not one of us, the content team (`#content`) helps."""
COMPARISON = """\
Comments on the comparison pages are often written by the competitors' own people. Correct the page where they
are right, thank them, never argue. Technical marketing (`#technical-marketing`) owns the pages."""
DOCS = """\
Owned by the docs team: comments go to `#docs-comments` only. A mistake in the docs becomes an issue or a merge
request; a support question is sent to the forum."""
FORUM = """Answered in the forum, with your own account. First look for a similar topic and link it. Ask for version and
installation. Whoever answers often deserves thanks; team members' accounts can be upgraded."""
STACK_OVERFLOW = """Answered on Stack Overflow only, by its rules: an answer, no greeting, no advertisement, with the
disclosure that you work here. Questions that resurface by an edit are no new work."""

MAIL = """Answer from the alias they wrote to. Whoever writes to a personal inbox is answered from it. Nothing in a mail
that you would not want to read in public."""
COMMUNITY = """Whatever the community writes to us, and what is said of the handbook. Support questions are sent to the
forum or to support; orders and programs have aliases of their own."""
PERSONAL = "Mails to one of us that count as tickets: whoever was written to answers, or tells who does."
MERCH = "Orders, swag and the shop. Look up the order before you answer; contributors' gifts go out without a form."
PROGRAM = """1. Does the applicant qualify? Ask for **more information** where something is missing.
2. **Approve**: contact and account in the CRM, licence made, agreement sent; then the macro *Program::Approve*.
3. **Decline** kindly, with the reason and what they may use instead.
4. The numbers of the licence stand in a note."""
SPEAKERS = "Find a speaker: date, place, audience and topic. Share it to the evangelists, and answer within two days."

TRACKER = """\
Whoever opens an issue instead of writing to support is answered here. Assign it to yourself, so that others see
that somebody is on it, and report back when it is solved. Questions about self-hosted installations belong to
the community tracker or to *Getting help*."""
TRACKER_LOOKED = """Looked through now and then: answer what nobody has answered, assign it to yourself, and report back
when it is solved."""
HACKERONE = """First answer within **one business day**. Always say that they can write to us by mail at any time. The
answer is written on HackerOne; close the report there **and** the ticket here. Publish a report only at the reporter's
wish (when we accept, or after 30 days), after a check that it holds nothing sensitive, and with the link of the fix.
"""
MAILING_LIST = "Mostly quiet. Answer by mail to the list; support questions are sent to the forum."
QUORA = "Questions on the topic page. Answer with your own account and say that you work here."
CHAT = "Live talk: answer there. A question that needs more than a line is sent to the forum."
YOUTUBE = "Comments under our videos. Thank, answer, link the docs; feedback goes to the team that made the video."
CONTENT = "Articles and videos of the wider community. Thank the author; what deserves it, share to `#social_media`."
DOCKER = "Comments under the image. Bugs belong to the packaging tracker."
INTERNAL = """Team members ask here. Answer in the thread. Drafts of their public answers: help with tone and
authenticity, never rewrite the person out of it."""
BY_HAND = "Whatever has no channel of its own: add it by its address, answer it there."
FEDIVERSE = "As on Twitter: short, friendly, from our account. Mind that instances differ in their rules."
STATUS_PAGE = "Our own status page: what is said here is what you may tell users."
