"""`trackmark witness`: co-sign logs as long as they only grow."""

from typing import Annotated

import typer

from api.cli.console import failures, messages, settings


def witness(
    logs: Annotated[
        list[str],
        typer.Argument(help="Verifier keys of the logs to watch, of today or before: name+hash+key."),
    ],
    name: Annotated[str, typer.Option(help="This witness's name: a schema-less URL that is yours.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.")] = 8001,
) -> None:
    """Run a witness: co-sign the checkpoints of logs as long as they only grow (C2SP tlog-witness).

    Where a log hands over to a new key, signed by the old one and the new one, the witness follows.
    """
    with failures():
        import uvicorn

        from api.keys.files import KeyStore
        from api.keys.given import key_secrets
        from api.log.witness_server import create_witness
        from provenance.records.note import NoteKey, NoteSigner

        chosen = settings()
        home = chosen.home
        signer = NoteSigner(name, KeyStore(home, key_secrets(chosen)).witness())
        app = create_witness(signer, [NoteKey.from_vkey(text) for text in logs], home / "witness.db")
        console = messages()
        console.print(f"witness  http://{host}:{port}/add-checkpoint", markup=False)
        console.print(f"key      {signer.cosigner_key.vkey}", markup=False)
        uvicorn.run(app, host=host, port=port, log_level="warning")
