"""Sound formats that are known and not accepted, by their first bytes: a good file is not called broken."""

_SIGNATURES = (
    (0, b"wvpk", "WavPack"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media (WMA)"),
    (0, b"\x0b\x77", "Dolby Digital (AC-3)"),
    (0, b"\x77\x0b", "Dolby Digital (AC-3)"),
    (0, b"\x7f\xfe\x80\x01", "DTS"),
    (0, b"\xfe\x7f\x01\x80", "DTS"),
    (0, b"\x1f\xff\xe8\x00", "DTS"),
    (0, b"\xff\x1f\x00\xe8", "DTS"),
    (0, b"DTSHDHDR", "DTS-HD"),
    (0, b"TTA1", "True Audio (TTA)"),
    (0, b"TTA2", "True Audio (TTA)"),
    (0, b".snd", "Sun audio (AU)"),
    (0, b"dns.", "Sun audio (AU)"),
    (0, b"DSD ", "DSD (DSF)"),
    (0, b"FRM8", "DSD (DSDIFF)"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"OFR ", "OptimFROG"),
    (0, b"ajkg", "Shorten"),
    (0, b".RMF", "RealMedia"),
    (0, b".ra\xfd", "RealAudio"),
    (0, b"MThd", "MIDI, which holds notes and no sound"),
    (0, b"FLV\x01", "Flash video"),
    (8, b"AVI ", "AVI"),
    (0, b"\x00\x00\x01\xba", "MPEG programme stream"),
    (0, b"Creative Voice File", "Creative Voice"),
    (0, b"#!SILK", "SILK"),
    (4, b"\xf8\x72\x6f\xba", "Dolby TrueHD"),
    (4, b"\xf8\x72\x6f\xbb", "Meridian Lossless Packing (MLP)"),
    (0, b"\xac\x40", "Dolby AC-4"),
    (0, b"\xac\x41", "Dolby AC-4"),
    (0, b"tBaK", "TAK"),
    (0, b"TWIN97012000", "TwinVQ"),
    (0, b"EA3\x01", "ATRAC"),
    (0, b"\x56\xe0", "AAC in LOAS/LATM"),
    (0, b".SoX", "SoX audio"),
    (0, b"XoS.", "SoX audio"),
    (0, b"\x64\xa3\x01\x00", "IRCAM audio"),
    (0, b"\x64\xa3\x02\x00", "IRCAM audio"),
    (0, b"\x00\x01\xa3\x64", "IRCAM audio"),
    (0, b"\x00\x02\xa3\x64", "IRCAM audio"),
    (0, b"nut/multimedia container", "NUT"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF"),
    (0, b"Extended Module: ", "a tracker module, which holds notes and samples"),
    (0, b"IMPM", "a tracker module, which holds notes and samples"),
    (44, b"SCRM", "a tracker module, which holds notes and samples"),
    (1080, b"M.K.", "a tracker module, which holds notes and samples"),
)
_PACKET = 188
"""Bytes of a packet of an MPEG transport stream; on discs four more stand before each."""


def name(head: bytes) -> str | None:
    """The format that a file's first bytes belong to; None where it is none of these."""
    if head[:3] == b"ID3" and len(head) >= 10:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        head = head[10 + size :]
    known = next((told for at, signature, told in _SIGNATURES if head[at:].startswith(signature)), None)
    return known or _transport_stream(head) or _free_format(head)


def misread(head: bytes) -> str | None:
    """The format that a file's first bytes belong to, where FFmpeg takes it for another and plays noise."""
    return "WAV with big-endian samples (RIFX)" if head[:4] == b"RIFX" and head[8:12] == b"WAVE" else None


def _transport_stream(head: bytes) -> str | None:
    for first, step in ((0, _PACKET), (4, _PACKET + 4)):
        syncs = head[first : first + 5 * step : step]
        if len(syncs) == 5 and set(syncs) == {0x47}:
            return "MPEG transport stream"
    return None


def _free_format(head: bytes) -> str | None:
    """An MPEG audio frame whose bit rate is stated as 0 (ISO/IEC 11172-3, 2.4.2.3)."""
    sync = len(head) > 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0
    return "free-format MPEG audio" if sync and head[2] >> 4 == 0 and head[2] & 0x0C != 0x0C else None
