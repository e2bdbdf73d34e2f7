"""Guidelines (how to answer) and workflows (what to do), as Markdown next to the composer. Admins may edit them
freely."""

from __future__ import annotations

VOICE = """\
**Tone**: assume good faith. You are talking to a human, so sound like one: emoji, humour and animated GIFs are welcome
(the desk sends text: paste the GIF's link). Be open-minded, curious, kind, welcoming, transparent, direct and honest,
and a role model of our values. *Represent, don't argue.*

**Do**

- Start positive, and thank them for the comment. Often "Thank you" or "How can we make it better?" is enough; then make
  it personal, more than one word or an upvote.
- Answer every point. If you don't know, say so, and that you will look into it.
- Add value: gratitude, or information with a link to a handbook page, an issue or a merge request.
- Ask for feedback: link the issue and invite a comment, or link the tracker and invite a new issue.
- Disagree if you must: respectfully explain the misunderstanding, and link what they need to judge for themselves.
- End with a follow-up question or a call to action.

**Don't** talk down competitors: say what we do differently instead. Don't defend us: acknowledge their opinion, and
learn from it. No marketing phrases. If it gets personal, step away and ask a colleague.

**On criticism**: acknowledge the concern or our mistake, apologise for the trouble, ask how we can improve, link the
issue and invite them to work on it with us, and end on a positive note.

**Does it need an expert?**

- Would hearing from one show them that their input matters?
- A question to us: can a handbook page, issue or merge request answer it? Then link it, and ask them to add their
  feedback there. Only an expert can: involve one.
- Feedback on the product or the company: a misconception gets the handbook page that clears it up. If users can speak
  for us, monitor the post and let them. If an expert can join the discussion, involve one.
- No expert needed, but a relationship to build? Apply *Involving Experts::Community Involvement*.

Found a case that these guidelines don't cover? Apply *Guidelines::Suggest a change*.
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
TWITTER_SUPPORT = "Ask which installation they use: we can only handle requests for $company.com."

HACKER_NEWS = """\
Answer on Hacker News itself, from **your own account**, and say that you work here (your role belongs in your
profile's *about*). No marketing language. The people who built it answer better than we do: involve an expert early.
When the expert answers, the ticket is solved automatically, even if the answer does not mention $company."""
FRONT_PAGE = """\
Not a ticket: front page stories are posted in Slack only. If one is both important and urgent, ping `@advocates`,
involve experts, and share it in the channel for its topic (`#ceo`, `#marketing`, `#product`, `#competition`)."""
REDDIT = """Answer mentions, above all in our own subreddit. Involve experts as on Hacker News: the desk finds their
answer even if it does not mention $company."""
LOBSTERS = HACKER_NEWS.replace("Hacker News", "Lobsters")
FACEBOOK = "Messages to our page."

BLOG = """Is it a question, a problem, or just talk? Answer questions and problems in the comments, from your own
account. Ask the **author of the post** first. If the author is not on the team, ask the content team (`#content`)."""
COMPARISON = """\
Comments on the comparison pages. Don't talk down competitors: say what we do differently. Technical marketing
(`#technical-marketing`) knows how a feature works and has demos to link."""
DOCS = "Owned by the docs team: comments go to `#docs-comments` only."
FORUM = """Questions can only be answered in the forum itself. An expert's forum account can be upgraded to Admin if
needed."""
STACK_OVERFLOW = "Questions can only be answered on Stack Overflow itself."

MAIL = "Answer from the alias they wrote to, or from the personal inbox if they wrote to one."
COMMUNITY = "Mail from the community, to the address in the handbook."
PERSONAL = "Mail to a team member that counts as a ticket: that person answers it, or says who will."
MERCH = """Orders, swag and the shop: items for sale are in Shopify, most swag and its orders in Printfection, custom
stickers at Stickermule."""
PROGRAM = """\
1. Does the applicant qualify? Set the application to *checked*. If anything is missing, ask for **more information**.
2. **Approve**: create contact and account in the CRM, create the licence, send the agreement, then apply the macro
   *Program::Approve*.
3. **Decline** kindly, with the reason and what they can use instead.
4. Record the licence on the application: it is then *done*, and the CRM is notified. Document trial licences there."""
SPEAKERS = "Somebody needs a speaker. For talks on the ecosystem or on trends, ask the evangelists (`@techevangelism`)."

TRIAGE = "Bug reports and feature requests: see the issue triage policies of your handbook."
TRACKER = f"""\
For people who open an issue instead of contacting support. Assign it to yourself, so others see that somebody is on
it, and report back when it is solved. {TRIAGE}"""
TRACKER_LOOKED = f"""Check now and then: answer what nobody has answered, assign it to yourself, and report back when it
is solved. {TRIAGE}"""
TRACKER_SUPPORT = """Issues specific to $company.com that have nothing to do with availability. Check it now and then,
assign the issue to yourself, and report back when it is solved. Send people with an on-premises installation to the
[community tracker](https://gitlab.com/$handle/community/-/issues) or to *Getting help*, depending on their issue."""
TEAM_TRACKER = """Questions from colleagues. Use confidential issues for anything that only team members should see.
Answer there."""
HACKERONE = """Send the first answer within **one business day**. Always say that they can email us at any time. Triage
or escalate freely. Answer on HackerOne, and close the report there: the ticket waits for that and is
then solved automatically. A closed report may be published if we or the reporter ask: when the other side accepts, or
30 days after the reporter asked. Edit it first: nothing sensitive, and a link to the merge request that fixed it. To
give a new colleague permissions, use the macro *Security::HackerOne permissions*.
"""
MAILING_LIST = "Answer questions on the list."
QUORA = "Answer questions about $company, above all on its topic page."
CHAT = "Hang out and answer questions when there is time."
YOUTUBE = "Comments on our videos."
CONTENT = "Comments under blog posts that the wider community writes about $company."
DOCKER = "Questions on the page of our Docker image."
INTERNAL = """Questions from team members. Answer in the thread. For drafts of their public answers: help with tone and
authenticity, but keep it in their own voice."""
BY_HAND = "For anything without its own channel: add it by URL, and answer it there."
FEDIVERSE = "As on Twitter: short, friendly, from our account. Rules differ between instances."
STATUS_PAGE = "Our own status page: you may tell users whatever is posted here."
