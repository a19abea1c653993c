"""The faults by name: what is done, and what is expected of a client of ours.

A fault is a function that gets an Experiment and does all: set-up, fault, wait, judgement. `@fault`
gives it a name, a sentence, its length (quick: part of the short form; full: only of the long one)
and the goals that the table shows.
"""

FAULTS = {}


class Fault:
    def __init__(self, name, what, function, quick, goal, stock, seconds):
        self.name = name
        self.what = what
        self.function = function
        self.quick = quick
        self.goal = goal          # as the table has it
        self.stock = stock        # whether a stock client can be compared
        self.seconds = seconds    # about as long as one run takes


def fault(name, what, goal='', quick=True, stock=True, seconds=10):
    def register(function):
        FAULTS[name] = Fault(name, what, function, quick, goal, stock, seconds)
        return function
    return register


# How long a client is waited for that does not come back: a stock one never does.
STOCK_LIMIT_S = 20
OUR_LIMIT_S = 15


def limit(lab):
    return OUR_LIMIT_S if lab.ours else STOCK_LIMIT_S


def judge(lab, audio_ms=None, data_ms=None, after=False, keep='call', limit_s=None):
    """Waits until the client is back, and looks at it."""
    if not lab.wait_back(limit_s or limit(lab)):
        lab.notes.append('not back within the limit')
    state = lab.state()
    end = lab.finish()
    lab.measure(end, audio_ms, data_ms, after)
    if keep == 'call':
        lab.check_same_call(state)
    else:
        lab.check_no_spare_call(state)
    lab.check_conversation(state)


def load():
    """All files that hold faults."""
    import faults_network  # noqa: F401  they register themselves
    import faults_service  # noqa: F401
    import faults_long  # noqa: F401
    return FAULTS
