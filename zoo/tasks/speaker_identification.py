"""Speaker identification: which of the known speakers is heard in a clip."""

from typing import final

from zoo.tasks.clips import ClipClassification


@final
class SpeakerIdentification(ClipClassification):
    """One of the speakers of train for a clip. Arguments as `ClipClassification`."""

    name = "speaker_identification"
