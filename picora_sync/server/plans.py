"""What each plan includes (contract §14)."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024 * 1024
GB = 1024 * MB


@dataclass(frozen=True)
class Plan:
    """The limits of one plan; sizes in bytes, durations in seconds."""

    name: str
    audio_file_bytes: int
    audio_duration_s: int
    media_storage_bytes: int
    doc_count: int
    doc_file_bytes: int
    doc_images: int
    img_storage_bytes: int
    img_uploads_month: int

    @property
    def active(self) -> bool:
        """Whether anything may be uploaded at all."""
        return self.name != "none"


PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("none", 0, 0, 0, 0, 0, 0, 0, 0),
        Plan("trial", 50 * MB, 600, 500 * MB, 100, MB, 30, 100 * MB, 1_000),
        Plan("pro", 100 * MB, 3_600, 5 * GB, 1_000, 5 * MB, 100, 5 * GB, 50_000),
        Plan("pro_plus", 500 * MB, 14_400, 50 * GB, 10_000, 5 * MB, 300, 50 * GB, 200_000),
    )
}
