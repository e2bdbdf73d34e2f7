"""Single sign-on with the company's OpenID provider, on top of allauth: what it leaves open is checked here."""
