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
)


def name(head: bytes) -> str | None:
    """The format that a file's first bytes belong to; None where it is none of these."""
    if head[:3] == b"ID3" and len(head) >= 10:
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        head = head[10 + size :]
    return next((told for at, signature, told in _SIGNATURES if head[at:].startswith(signature)), None)
