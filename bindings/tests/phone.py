"""The phone of the scenarios in Python: JSON lines in, calls of the bindings, JSON lines out (tests/scenarios/src/phone.rs)."""

import asyncio
import datetime
import enum
import gc
import json
import re
import statistics
import sys
import time
import urllib.error
import urllib.request

import fieldline as core

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def told(value):
    """What a value of the bindings is in JSON."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return round((value - EPOCH) / datetime.timedelta(milliseconds=1))
    if isinstance(value, list):
        return [told(item) for item in value]
    if isinstance(value, dict):
        return {name: told(item) for name, item in value.items()}
    if isinstance(value, enum.Enum):
        return value.name.lower()
    fields = {name: told(field) for name, field in vars(value).items()}
    variant = type(value).__qualname__.split(".")
    return {"kind": snake(variant[-1]), **fields} if len(variant) > 1 else fields


def moment(milliseconds):
    return EPOCH + datetime.timedelta(milliseconds=milliseconds)


def sys_id(given):
    return core.SysId(hex=given["hex"])


def blob(given):
    return core.BlobHash(hex=given["hex"])


def record(given):
    return core.RecordId(table=given["table"], sys_id=sys_id(given["sys_id"]))


def place(given):
    return core.Place(latitude=given["latitude"], longitude=given["longitude"])


def maybe(make, given):
    return None if given is None else make(given)


def variant(of, kind):
    return getattr(of, kind.upper(), None) or getattr(of, "".join(part.capitalize() for part in kind.split("_")))


def value(given):
    fields = {name: field for name, field in given.items() if name != "kind"}
    make = {"at": moment, "sys_id": sys_id, "sys_ids": lambda ids: [sys_id(one) for one in ids]}
    fields = {name: make.get(name, lambda same: same)(field) for name, field in fields.items()}
    return variant(core.FieldValue, given["kind"])(**fields)


def change(given):
    return core.FieldChange(field=given["field"], value=maybe(value, given.get("value")))


def captured(given):
    content = given["content"]
    if content["kind"] == "bytes":
        content = core.Content.BYTES(bytes=bytes.fromhex(content["bytes"]))
    else:
        content = core.Content.SOURCE(source=OnDisk(content["path"]))
    return core.Captured(content=content, file_name=given["file_name"], content_type=given["content_type"])


# How each argument of a command is made, and what it is when it is left out.
ARGUMENTS = {
    "record": record, "fields": lambda fields: [change(one) for one in fields], "item": sys_id, "model": sys_id,
    "asset": sys_id, "stockroom": sys_id, "photo": captured, "thumbnail": captured, "signature": captured,
    "file": captured, "started_at": moment, "ended_at": moment,
}
LEFT_OUT = {
    "transition": {"reason": None, "fields": [], "comment": None}, "answer": {"photo": None},
    "use_part": {"asset": None, "stockroom": None}, "add_photo": {"thumbnail": None},
}


def deed(given):
    fields = {name: field for name, field in given.items() if name != "kind"}
    make = {"record": record, "picture": captured, "original": blob, "photo": blob, "expense": expense}
    fields = {name: make.get(name, lambda same: same)(field) for name, field in fields.items()}
    return variant(core.SiteDeed, given["kind"])(**fields)


def expense(given):
    receipt = maybe(captured, given.get("receipt"))
    return core.Expense(**{**given, "record": record(given["record"]), "receipt": receipt})


def swap(given):
    make = {"task": record, "stockroom": lambda room: maybe(sys_id, room)}
    return core.Swap(**{name: make.get(name, lambda same: same)(field) for name, field in given.items()})


def command(given):
    kind = given["kind"]
    if kind == "on_site":
        return variant(core.Command, kind)(deed=deed(given["deed"]))
    fields = {**LEFT_OUT.get(kind, {}), **{name: field for name, field in given.items() if name != "kind"}}
    if kind == "answer":
        fields["photo"] = maybe(blob, fields["photo"])
    make = {name: maybe(ARGUMENTS.get(name, lambda same: same), field) if not (kind == "answer" and name == "photo")
            else field for name, field in fields.items()}
    return variant(core.Command, kind)(**make)


class OnDisk(core.FileSource):
    def __init__(self, path):
        self.path = path

    def read(self):
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError as problem:
            raise core.PlatformError.Failed(message=str(problem)) from None


class Secrets(core.SecretStore):
    def __init__(self, world):
        self.world = world

    def kept(self):
        try:
            with open(self.world.secrets, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def keep(self, kept):
        with open(self.world.secrets, "w", encoding="utf-8") as file:
            json.dump(kept, file)

    def load(self, name):
        return maybe(bytes.fromhex, self.kept().get(name))

    def save(self, name, secret):
        self.keep({**self.kept(), name: secret.hex()})

    def remove(self, name):
        self.keep({other: secret for other, secret in self.kept().items() if other != name})


class Clock(core.PlatformClock):
    def __init__(self, world):
        self.world = world

    def now(self):
        return moment(self.world.clock_ms)


class Here(core.Locator):
    def __init__(self, world):
        self.world = world

    def here(self):
        return maybe(place, self.world.here)


class Ears(core.SyncListener):
    def __init__(self, world):
        self.world = world

    def on_event(self, event):
        self.world.heard.append(event)


class Saboteur(core.CallObserver):
    """Throws once, in the call that was planned."""

    def __init__(self, world):
        self.world = world

    def strike(self, planned):
        if self.world.panic == planned:
            self.world.panic = None
            raise RuntimeError("a panic on purpose")

    def begins(self, function):
        self.strike((function, False))

    def ends(self, function):
        self.strike((function, True))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Body(core.HttpBody):
    PIECE = 16 << 10

    def __init__(self, answer):
        self.answer = answer

    async def next(self):
        try:
            return await asyncio.to_thread(self.answer.read1, self.PIECE) or None
        except OSError as problem:
            raise core.PlatformError.Failed(message=str(problem)) from None


class Http(core.HttpTransport):
    """Python's own HTTP."""

    opener = urllib.request.build_opener(NoRedirect)

    async def send(self, request):
        headers = {header.name: header.value for header in request.headers}
        body = request.body if request.method == "POST" else None
        question = urllib.request.Request(request.url, body, headers, method=request.method)
        try:
            answer = await asyncio.to_thread(self.opener.open, question)
        except urllib.error.HTTPError as refused:
            answer = refused
        except OSError as problem:
            raise core.PlatformError.Failed(message=str(problem)) from None
        return core.HttpResponse(status=answer.status, content_type=answer.headers.get("Content-Type", ""), body=Body(answer))


class World:
    """What the phone's platform is told from outside."""

    def __init__(self):
        self.secrets, self.clock_ms, self.here, self.http = None, None, None, "core"
        self.heard, self.panic = [], None

    def platform(self):
        return core.Platform(
            secrets=Secrets(self), http=Http() if self.http == "platform" else None,
            clock=None if self.clock_ms is None else Clock(self), locator=Here(self), observer=Saboteur(self))


def resident_bytes():
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as told:
        return int(told.read().split()[1]) * 4096


class Phone:
    def __init__(self):
        self.world, self.store, self.plan = World(), None, None

    async def answer(self, call, given):
        own = getattr(self, "call_" + call, None)
        answered = own(**given) if own else self.of_core(call, given)
        return told(await answered if asyncio.iscoroutine(answered) else answered)

    def of_core(self, call, given):
        make = {"from": moment, "until": moment, "record": record, "location": sys_id, "asset": sys_id, "target": sys_id,
                "blob": blob, "command": command, "swap": swap}
        arguments = {name: make.get(name, lambda same: same)(argument) for name, argument in given.items()}
        if "from" in arguments:
            arguments["_from"] = arguments.pop("from")
        return getattr(self.store, call)(**arguments)

    def call_core_version(self):
        return core.core_version()

    def call_platform(self, **given):
        for name, setting in {"clock_ms": None, "here": None, **given}.items():
            setattr(self.world, name, setting)

    def call_close(self):
        self.store = None
        gc.collect()

    def call_events(self):
        heard, self.world.heard = self.world.heard, []
        return heard

    def call_trial_panic(self, function, after_its_work):
        self.world.panic = (function, after_its_work)

    def call_open(self, directory):
        self.store = core.Fieldline.open(directory, self.world.platform())

    def call_plan_day(self, until, here, **given):
        self.plan = self.store.plan_day(moment(given["from"]), moment(until), place(here))
        return self.plan.shown()

    def call_shown(self):
        return self.plan.shown()

    def call_take_day(self):
        return self.store.take_day(self.plan)

    async def call_sync(self, most_seconds=None):
        return await self.store.sync(Ears(self.world), most_seconds)

    async def call_in_step(self, for_milliseconds):
        async def stop():
            await asyncio.sleep(for_milliseconds / 1000)
            self.store.stop()
        stopping = asyncio.create_task(stop())
        try:
            await self.store.keep_in_step(Ears(self.world))
        finally:
            await stopping

    async def call_cancel_sync(self, after_milliseconds):
        syncing = asyncio.create_task(self.store.sync(Ears(self.world), None))
        await asyncio.sleep(after_milliseconds / 1000)
        syncing.cancel()
        try:
            await syncing
        except asyncio.CancelledError:
            pass

    def call_cycles(self, directory, count):
        def cycle(times):
            for _ in range(times):
                store = core.Fieldline.open(directory, self.world.platform())
                core.core_version()
                store.sync_status()
                del store
        cycle(count // 10)
        before = resident_bytes()
        cycle(count)
        return {"before_bytes": before, "after_bytes": resident_bytes()}

    def call_time_today(self, until, columns, repetitions, **given):
        arguments = (moment(given["from"]), moment(until), columns)
        times = []
        for number in range(2 * repetitions):
            begun = time.perf_counter_ns()
            self.store.today(*arguments)
            if number >= repetitions:
                times.append(time.perf_counter_ns() - begun)
        return {"nanoseconds": int(statistics.median(times))}


async def main():
    phone = Phone()
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"ok": await phone.answer(question["call"], question["with"])}
        except core.FieldlineError as error:
            answer = {"error": {**told(error), "message": getattr(error, "message", str(error))}}
        except core.InternalError as error:
            answer = {"error": {"kind": "internal", "message": str(error)}}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
