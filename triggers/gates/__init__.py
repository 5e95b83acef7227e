"""The gates between a due touch and its command: small pure functions, one file each, that answer with a verdict.

Order of judgement (`triggers.emission`): exit, trigger, audience, when, consent, phone, suppression, sunset, stale,
quiet_hours, message, incentive, products, competition; all of these are judged always, so that a decision shows every
verdict. Then, if none refused or delayed, the ledger's (`triggers.limits`): dedupe, cap and budget; and holdout at
last. What sends no SMS passes the gates of an SMS by: `not_asked`, `no-sms`.
"""
