"""The whole program on one screen.

    bills.pull()          bills into the ledger
    snapshot.attribute()  its lines to activities, models, workloads, owners
    plan.check()          them against the budget, into findings; plan.drift(), plan.forecast()
    weekly.summary()      what a week changed
    questions.report()    and what people ask in between; explanations say why

Every function takes what it needs and returns a value; nothing here prints, exits, or reads a clock.
"""
