"""Single sign-on with the company's OpenID provider, built on allauth, with the checks that allauth leaves out."""
