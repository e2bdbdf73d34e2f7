"""The pages of experts: directory, asking, the pages behind signed links, and the endpoint for Slack."""
