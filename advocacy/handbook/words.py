"""Guidelines (how to answer) and workflows (what to do), as Markdown next to the composer. Admins may edit them
freely."""

from __future__ import annotations

VOICE = """\
**Do** start friendly and say thanks. Answer every point. Link the issue, the docs or the handbook page. Ask for
feedback. If you don't know, say so, and that you will find out. Emoji and humour are fine.

**Don't** talk down competitors, get defensive, use marketing phrases, or give one-word answers. If it gets personal,
step back and ask a colleague. *Represent, don't argue.*

**On criticism**: acknowledge it, apologise for the trouble, ask how we can do better, link the issue where we are
working on it, and end on a friendly note.

**Does it need an expert?** Would they feel more heard? Can only somebody who built it answer? Is it feedback on the
product or the company? Then involve one. If it is a misconception, link the page that clears it up. If users are
discussing among themselves, watch and let them talk.
"""

TWITTER = """\
1. Play the queue: oldest first, nothing skipped, nothing passed on to a colleague. If you don't know, ask in Slack.
2. Open short links first, so you know what the tweet is about. Ask whether it is about $company.com or their own
   installation.
3. Answer nearly every tweet. The exception: tweets that only praise or attack a competitor are *no reply needed*.
4. **Bugs and ideas**: find the issue, reply with its link and invite them to join in. If there is none, ask them to
   open one.
5. **Support questions**: link a similar forum topic, or the right category if there is none. Too complex: send them
   to support.
6. **Downtime**: check the status page and @${handle}status. Reply with the link and ask whether they still see it.
7. **Spam reports**: post the link and time to `#abuse`, and thank them.
8. Likes are for praise only. No retweets: share what deserves one in `#social_media`. Use direct messages only when
   they must send us something private, and only after we wrote first.
"""
TWITTER_MAIN = "If they mention several of our handles, reply from this one, unless it is about availability."
TWITTER_MOVING = "Thank them for the move, and ask **what the benefits are for them**."
TWITTER_HIGHLIGHT = "This handle highlights everybody who moves: quote the tweet in a post from it."
TWITTER_STATUS = """Only for the availability of $company.com, or replies under an earlier update of this handle.
Only the infrastructure team posts updates."""
TWITTER_DIRECT = """Only for what must stay private, such as a mailing address, and only after we wrote first. Nothing
from here goes into a public reply."""
TWITTER_SUPPORT = "Ask which installation they use. Never discuss accounts, invoices or tickets in public."

HACKER_NEWS = """\
Answer on Hacker News itself, from **your own account**, and say that you work here (your role belongs in your
profile's *about*). No marketing language. The people who built it answer better than we do: involve an expert early,
because a thread lives for only a few hours. When the expert answers, the ticket is solved automatically, even if the
answer does not mention $company."""
FRONT_PAGE = """\
Not a ticket: front page stories are posted in Slack only. If one is both important and urgent, ping `@advocates`,
involve experts, and share it in the channel for its topic (`#ceo`, `#marketing`, `#product`, `#competition`)."""
REDDIT = """Answer from **your own account** and say that you work here. Follow the rules of the subreddit: many do not
welcome our links. Involve experts as on Hacker News."""
LOBSTERS = HACKER_NEWS.replace("Hacker News", "Lobsters")
FACEBOOK = "Reply to comments in public, to messages in private. People who write to us expect an answer within a day."

BLOG = """Is it a question, a problem, or just talk? Answer questions and problems in the comments, from your own
account. Ask the **author of the post** first. If the author is not on the team, ask the content team (`#content`)."""
COMPARISON = """\
Comments on the comparison pages often come from people who work for the competitor. If they are right, correct the
page and thank them. Never argue. Technical marketing (`#technical-marketing`) owns the pages."""
DOCS = """\
Owned by the docs team: comments go to `#docs-comments` only. Turn a mistake in the docs into an issue or a merge
request. Send support questions to the forum."""
FORUM = """Answer in the forum, from your own account. Look for a similar topic first and link it. Ask for the version
and the installation. Thank people who often answer. Team members can have their accounts upgraded."""
STACK_OVERFLOW = """Answer on Stack Overflow only, by its rules: an answer without greeting or advertising, disclosing
that you work here. Questions that come up again because of an edit are not new work."""

MAIL = """Answer from the alias they wrote to, or from the personal inbox if they wrote to one. Don't write anything in
a mail that you would not want to read in public."""
COMMUNITY = """Mail from the community, and feedback on the handbook. Send support questions to the forum or to support.
Orders and programs have their own aliases."""
PERSONAL = "Mail to a team member that counts as a ticket: that person answers it, or says who does."
MERCH = "Orders, swag and the shop. Look up the order before you answer. Gifts to contributors need no form."
PROGRAM = """\
1. Does the applicant qualify? Set the application to *checked*. If anything is missing, ask for **more information**.
2. **Approve**: create contact and account in the CRM, create the licence, send the agreement, then apply the macro
   *Program::Approve*.
3. **Decline** kindly, with the reason and what they can use instead.
4. Note the licence on the application: it is then *done*, and the CRM hears of it. Document trial licences there."""
SPEAKERS = "Find a speaker: date, place, audience and topic. Share it with the evangelists, and answer within two days."

TRIAGE = "Bug reports and feature requests: see the issue triage policies of your handbook."
TRACKER = f"""\
For people who open an issue instead of contacting support. Assign it to yourself, so others see that somebody is on
it, and report back when it is solved. {TRIAGE}"""
TRACKER_LOOKED = f"""Check now and then: answer what nobody has answered, assign it to yourself, and report back when it
is solved. {TRIAGE}"""
TRACKER_SUPPORT = """Issues specific to $company.com that have nothing to do with availability. Check it now and then,
assign the issue to yourself, and report back when it is solved. Send people with an on-premises installation to the
[community tracker](https://gitlab.com/$handle/community/-/issues) or to *Getting help*, depending on their issue."""
TEAM_TRACKER = """Questions from colleagues. What only team members should see is a confidential issue. Answer there."""
HACKERONE = """Send the first answer within **one business day**. Always say that they can write to us by mail at any
time. Triage or escalate freely. Answer on HackerOne, and close the report there: the ticket waits for that and is
then solved automatically. A closed report may be published if we or the reporter ask: when the other side accepts, or
30 days after the reporter asked. Edit it first: nothing sensitive, and a link to the merge request that fixed it. To
give a new colleague permissions, use the macro *Security::HackerOne permissions*.
"""
MAILING_LIST = "Mostly quiet. Answer by mail to the list. Send support questions to the forum."
QUORA = "Questions on the topic page. Answer from your own account and say that you work here."
CHAT = "Live chat: answer there. If a question needs more than a line, send it to the forum."
YOUTUBE = "Comments on our videos. Say thanks, answer, link the docs. Pass feedback to the team that made the video."
CONTENT = "Articles and videos by the wider community. Thank the author, and share what deserves it in `#social_media`."
DOCKER = "Comments on the image. Send bugs to the packaging tracker."
INTERNAL = """Questions from team members. Answer in the thread. For drafts of their public answers: help with tone and
authenticity, but keep it in their own voice."""
BY_HAND = "For anything without its own channel: add it by URL, and answer it there."
FEDIVERSE = "As on Twitter: short, friendly, from our account. Rules differ between instances."
STATUS_PAGE = "Our own status page: you may tell users whatever is posted here."
