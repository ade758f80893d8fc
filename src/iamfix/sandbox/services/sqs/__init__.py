"""Amazon SQS: queues and their attributes; messages are only counted. Nothing of it is moto's.

AWS refuses a name for 60 seconds after its queue was deleted; here it does not.
"""

from __future__ import annotations

from iamfix.sandbox.call import Service
from iamfix.sandbox.services.sqs import queues

SERVICE = Service("sqs", queues.OPERATIONS, moto=False)
