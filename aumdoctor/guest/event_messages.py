"""What the rendered message of an event tells: the same values that the log holds, found again in its text.

Messages are localised. What does not change with the language is used where there is such a thing: quotation marks,
hexadecimal numbers, names of programs, the order of lines. The words are those of the English and Japanese messages,
and of others where they are known.
"""

# ruff: noqa: RUF001 - the quotation marks and colons of other languages are meant

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec

from aumdoctor.guest.event_times import without_marks
from aumdoctor.guest.events import LONGEST_MESSAGE, NAMES, as_number, error_code

Pairs = tuple[tuple[str, str], ...]


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """How a message begins whose header nobody copied, which event it is, and the values without which it is none: an
    article that quotes the first sentence is no event."""

    begins: re.Pattern[str]
    provider: str
    event_id: int
    proof: tuple[str, ...] = ()


def _signature(begins: str, provider: str, event_id: int, *proof: str) -> Signature:
    return Signature(begins=re.compile(begins, re.IGNORECASE), provider=provider, event_id=event_id, proof=proof)


_CLUSTER = "Microsoft-Windows-FailoverClustering"
_LOGON = "Microsoft-Windows-Security-Auditing"
_REPLICA = "Microsoft-Windows-Hyper-V-VMMS"
_UPDATES = "Microsoft-Windows-WindowsUpdateClient"

SIGNATURES = (
    _signature(r"The process .{1,300}? has initiated the ", "User32", 1074, "param4"),
    _signature(r"次の理由(?:で|により|のため)、?\s*プロセス ", "User32", 1074, "param4"),
    _signature(r"プロセス .{1,300}?は、.{0,40}ユーザー? ", "User32", 1074, "param4"),
    _signature(r"Der Prozess .{1,300}? hat .{1,80}? von Computer ", "User32", 1074, "param4"),
    _signature(r"An account failed to log on", _LOGON, 4625, "Status"),
    _signature(r"アカウントがログオンに失敗しました|アカウントのログオンに失敗しました", _LOGON, 4625, "Status"),
    _signature(r"Fehler beim Anmelden eines Kontos", _LOGON, 4625, "Status"),
    _signature(r"Échec d[’']ouverture de session d[’']un compte", _LOGON, 4625, "Status"),
    _signature(r"Error al iniciar sesión de una cuenta", _LOGON, 4625, "Status"),
    _signature(r"帐户登录失败|帳戶無法登入", _LOGON, 4625, "Status"),
    _signature(r"The computer object associated with (?:the )?cluster network name", _CLUSTER, 1207, "error"),
    _signature(r"クラスター ?ネットワーク名リソース.{0,300}コンピューター? ?オブジェクト", _CLUSTER, 1207, "error"),
    _signature(r"Cluster resource .{1,300}? (?:of type|in clustered)\b", _CLUSTER, 1069, "resource", "role"),
    _signature(r"クラスター化された(?:役割|サービス).{0,300}クラスター ?リソース", _CLUSTER, 1069, "resource", "role"),
    _signature(r"Hyper-V failed to enable replication for virtual machine", _REPLICA, 32000, "ErrorCode"),
    _signature(r"仮想マシン.{1,300}?レプリケーションを有効にできませんでした", _REPLICA, 32000, "ErrorCode"),
    _signature(r"Hyper-V failed to authenticate the primary server using Kerberos", _REPLICA, 29212, "ErrorCode"),
    _signature(r"Hyper-V .{0,60}Kerberos 認証.{0,40}プライマリ サーバー.{0,40}認証", _REPLICA, 29212, "ErrorCode"),
    _signature(r"The previous system shutdown at ", "EventLog", 6008, "time"),
    _signature(r"以前のシステム ?シャットダウン", "EventLog", 6008, "time"),
    _signature(r"Installation Successful: Windows successfully installed", _UPDATES, 19, "updateTitle"),
    _signature(r"インストールの成功: ", _UPDATES, 19, "updateTitle"),
    _signature(r"Installation Failure: Windows failed to install", _UPDATES, 20, "errorCode"),
    _signature(r"インストールの失敗: ", _UPDATES, 20, "errorCode"),
    _signature(r"Installation Started: Windows has started installing", _UPDATES, 43, "updateTitle"),
    _signature(r"インストールの開始: ", _UPDATES, 43, "updateTitle"),
    _signature(r"Windows Update failed to check for updates with error", _UPDATES, 25, "errorCode"),
    _signature(r"The computer has rebooted from a bugcheck", "BugCheck", 1001, "param1"),
    _signature(r"The system has rebooted without cleanly shutting down first", "Microsoft-Windows-Kernel-Power", 41),
    _signature(r"システムは(?:最初に正常に|正常に)シャットダウン", "Microsoft-Windows-Kernel-Power", 41),
)

# Most lines begin with none of these.
_FIRST = frozenset(
    letter
    for each in SIGNATURES
    for part in each.begins.pattern.split("|")
    for letter in (part[:1].lower(), part[:1].upper())
)
_OPENING = re.compile(r"^[\s>*・•\-\"'“”‘’「『(\[]{0,20}")


def signature_of(line: str) -> Signature | None:
    """The event whose message begins with this line, or None."""
    start = _OPENING.match(line)
    text = line[start.end() if start else 0 :][:800]
    if text[:1] not in _FIRST:
        return None
    return next((each for each in SIGNATURES if each.begins.match(text)), None)


def told_by(key: str, event_id: int, message: str) -> Pairs:
    """The values that a message tells, with their names, in the order in which the log has them; () where it tells none
    or is no message that is known. `key` is the provider as in `events.INTERESTING`."""
    reader = _READERS.get((key, event_id)) or _READERS.get((key, 0))
    if reader is None or not message:
        return ()
    data = reader(without_marks(message[:LONGEST_MESSAGE]))
    if not data:
        return ()
    order = NAMES.get((key, event_id), ())
    return tuple(sorted(data.items(), key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order)))


# ---- 1074

_SHUTDOWN_EN = tuple(
    re.compile(each, re.IGNORECASE)
    for each in (
        r"\bprocess\s+",
        r"\s+has initiated the\s+",
        r"\s+of computer\s+",
        r"\s+on behalf of user\s+",
        r"\s+for the following reason:\s*",
    )
)
_SHUTDOWN_JA = tuple(
    re.compile(each)
    for each in (
        r"プロセス\s*",
        r"\s*は、\s*(?:次の理由(?:で|により)、\s*)?ユーザー?\s*",
        r"\s*の代わりに、?\s*コンピューター?\s*",
        r"\s*の\s*",
        r"\s*を(?:始め|開始し)ました\s*[:：。]?\s*",
    )
)
_CODE = re.compile(
    r"(?:(?:Reason Code|理由 ?コード|Begründungscode|Ursachencode|Code de raison|Código de razón|原因代码|理由代碼)\s?|"
    r"\n[^\n:：]{1,40})[:：]\s*(0x[0-9a-f]{1,8})\b",
    re.IGNORECASE,
)
_TYPE = (
    r"Shutdown Type|シャットダウンの種類|シャットダウンの種別|シャットダウン ?タイプ|"
    r"Herunterfahr(?:en)?typ|Type d[’']\w+|关机类型|關機類型|Tipo de \w+"
)
_COMMENT = r"Comment|コメント|Kommentar|Commentaire|注释|註解|備註|Comentario"
_AFTER_CODE = re.compile(
    rf"(?:{_TYPE})\s?[:：]\s*(?P<type>.*?)\s*(?:(?:{_COMMENT})\s?[:：][ \t]*(?P<comment>[^\n]*)|$)",
    re.DOTALL | re.IGNORECASE,
)
_TWO_LINES = re.compile(
    r"\s*[^\n:：]{1,40}[:：][ \t]*(?P<type>[^\n]*)(?:\n\s*[^\n:：]{1,40}[:：][ \t]*(?P<comment>[^\n]*))?"
)
_PROGRAM = re.compile(
    r"(?:[A-Za-z]:\\[^\n()<>\"|?*:]{1,300}?|[\w.-]{1,60})\.exe(?: ?\(([^()\n]{0,64})\))?", re.IGNORECASE
)
_ACCOUNT = re.compile(r"(?:(?:NT[ -]|AUTORITE |AUTORIDAD )[^\s\\]{1,24}|[\w.-]{1,64})\\[\w.$-]{1,64}")


def _shutdown(message: str) -> dict[str, str]:
    code = _CODE.search(message)
    sentence = message[: code.start()] if code else message
    data: dict[str, str] = {}
    if cut := _between(sentence, _SHUTDOWN_EN):
        data = dict(zip(("param1", "param5", "param2", "param7", "param3"), cut, strict=False))
    elif cut := _between(sentence, _SHUTDOWN_JA):
        data = dict(zip(("param1", "param7", "param2", "param5", "param3"), cut, strict=False))
    elif program := _PROGRAM.search(sentence):
        data["param1"] = program[0]
        if program[1]:
            data["param2"] = program[1]
        if account := _ACCOUNT.search(sentence, program.end()):
            data["param7"] = account[0]
        _, colon, reason = sentence.replace("：", ": ").rpartition(": ")
        if colon:
            data["param3"] = reason.strip()
    if code is None:
        return data
    data["param4"] = code[1]
    rest = message[code.end() : code.end() + 2000]
    after = _AFTER_CODE.search(rest) or _TWO_LINES.match(rest)
    if after:
        data["param5"] = after["type"].split("\n", 1)[0].strip() or data.get("param5", "")
        data["param6"] = (after["comment"] or "").strip()
    return {name: _flat(value) for name, value in data.items()}


def _between(text: str, marks: Iterable[re.Pattern[str]]) -> list[str]:
    """The texts behind each of several marks that follow each other, each up to the next. Where a mark is missing the
    text is cut off: what stands before it is known."""
    parts: list[str] = []
    start: int | None = None
    for mark in marks:
        found = mark.search(text, start or 0)
        if found is None:
            return parts
        if start is not None:
            parts.append(text[start : found.start()])
        start = found.end()
    return [*parts, text[start or 0 :]]


# ---- 4625

_SUBJECT, _TARGET = "subject", "target"
_SECTIONS = {
    "Subject": _SUBJECT, "サブジェクト": _SUBJECT, "Antragsteller": _SUBJECT, "Objet": _SUBJECT, "Sujet": _SUBJECT,
    "使用者": _SUBJECT, "Sujeto": _SUBJECT, "主体": _SUBJECT,
    "Account For Which Logon Failed": _TARGET, "ログオンを失敗したアカウント": _TARGET,
    "ログオンに失敗したアカウント": _TARGET, "Konto, für das die Anmeldung fehlgeschlagen ist": _TARGET,
    "Compte pour lequel l’ouverture de session a échoué": _TARGET, "登录失败的帐户": _TARGET,
    "Cuenta con error de inicio de sesión": _TARGET, "登入失敗的帳戶": _TARGET,
}  # fmt: skip
_LOGON_LABELS = {
    "Logon Type": "LogonType", "ログオン タイプ": "LogonType", "ログオンの種類": "LogonType", "Anmeldetyp": "LogonType",
    "Type d’ouverture de session": "LogonType", "登录类型": "LogonType", "Tipo de inicio de sesión": "LogonType",
    "登入類型": "LogonType",
    "Failure Reason": "FailureReason", "失敗の原因": "FailureReason", "失敗の理由": "FailureReason",
    "Fehlerursache": "FailureReason", "Raison de l’échec": "FailureReason", "失败原因": "FailureReason",
    "Status": "Status", "状態": "Status", "ステータス": "Status", "État": "Status", "Statut": "Status",
    "状态": "Status", "狀態": "Status", "Estado": "Status",
    "Sub Status": "SubStatus", "サブ ステータス": "SubStatus", "Unterstatus": "SubStatus", "Sous-état": "SubStatus",
    "Sous-statut": "SubStatus", "子状态": "SubStatus", "子狀態": "SubStatus", "Subestado": "SubStatus",
    "Caller Process ID": "ProcessId", "呼び出し側プロセス ID": "ProcessId", "呼び出し元プロセス ID": "ProcessId",
    "Caller Process Name": "ProcessName", "呼び出し側プロセス名": "ProcessName", "呼び出し元プロセス名": "ProcessName",
    "Aufrufprozessname": "ProcessName", "Nom du processus de l’appelant": "ProcessName", "调用方进程名": "ProcessName",
    "Workstation Name": "WorkstationName", "ワークステーション名": "WorkstationName",
    "Arbeitsstationsname": "WorkstationName", "Nom de la station de travail": "WorkstationName",
    "工作站名": "WorkstationName", "工作站名称": "WorkstationName",
    "Source Network Address": "IpAddress", "ソース ネットワーク アドレス": "IpAddress",
    "発信元ネットワーク アドレス": "IpAddress", "Quellnetzwerkadresse": "IpAddress",
    "Adresse du réseau source": "IpAddress", "源网络地址": "IpAddress", "來源網路位址": "IpAddress",
    "Source Port": "IpPort", "ソース ポート": "IpPort", "発信元ポート": "IpPort", "Quellport": "IpPort",
    "Port source": "IpPort", "源端口": "IpPort",
    "Logon Process": "LogonProcessName", "ログオン プロセス": "LogonProcessName", "Anmeldeprozess": "LogonProcessName",
    "Processus d’ouverture de session": "LogonProcessName", "登录进程": "LogonProcessName",
    "Authentication Package": "AuthenticationPackageName", "認証パッケージ": "AuthenticationPackageName",
    "Authentifizierungspaket": "AuthenticationPackageName", "身份验证数据包": "AuthenticationPackageName",
    "Key Length": "KeyLength", "キーの長さ": "KeyLength", "Schlüssellänge": "KeyLength",
}  # fmt: skip
_ACCOUNT_LABELS = {
    "Security ID": "UserSid", "セキュリティ ID": "UserSid", "Sicherheits-ID": "UserSid",
    "ID de sécurité": "UserSid", "安全 ID": "UserSid",
    "Account Name": "UserName", "アカウント名": "UserName", "Kontoname": "UserName", "Nom du compte": "UserName",
    "帐户名": "UserName", "帳戶名稱": "UserName", "Nombre de cuenta": "UserName",
    "Account Domain": "DomainName", "アカウント ドメイン": "DomainName", "Kontodomäne": "DomainName",
    "Domaine du compte": "DomainName", "帐户域": "DomainName", "帳戶網域": "DomainName",
    "Dominio de cuenta": "DomainName",
    "Logon ID": "LogonId", "ログオン ID": "LogonId", "Anmelde-ID": "LogonId", "ID d’ouverture de session": "LogonId",
    "登录 ID": "LogonId",
}  # fmt: skip


def _squeezed(label: str) -> str:
    return "".join(label.split()).casefold().replace("’", "'").strip(":：*")


_SECTION_OF = {_squeezed(label): section for label, section in _SECTIONS.items()}
_LOGON_LABEL_OF = {_squeezed(label): name for label, name in _LOGON_LABELS.items()}
_ACCOUNT_LABEL_OF = {_squeezed(label): name for label, name in _ACCOUNT_LABELS.items()}

# On one line (a table, a squeezed paste) the known labels themselves are where lines begin.
_ALL_LABELS = sorted(
    {*_SECTIONS, *_LOGON_LABELS, *_ACCOUNT_LABELS, "Failure Information", "Process Information", "Network Information",
     "Detailed Authentication Information", "Transited Services", "Package Name (NTLM only)", "エラー情報",
     "プロセス情報", "ネットワーク情報", "詳細な認証情報", "移行されたサービス", "パッケージ名 (NTLM のみ)"},
    key=len,
    reverse=True,
)  # fmt: skip
_ANY_LABEL = re.compile(r"\s(" + "|".join(map(re.escape, _ALL_LABELS)) + r")\s?[:：]")
_NTSTATUS = re.compile(r"(?:0x)?c[0-9a-f]{7}\b", re.IGNORECASE)
_LINE = re.compile(r"^[\s>*]*([^:：]{1,80}?)\s?[:：]+[ \t]*(.*)$")


def _logon_failure(message: str) -> dict[str, str]:
    data = _by_labels(message.splitlines())
    if "Status" not in data or "TargetUserName" not in data:
        told = _by_labels(_ANY_LABEL.sub(r"\n\1:", " ".join(message.split())).splitlines())
        data = told if len(told) > len(data) else data
    if "Status" not in data:
        data = _by_order(message.splitlines()) or data
    for name in ("Status", "SubStatus"):
        if name in data:
            data[name] = error_code(data[name]) or data[name]
    return data


def _by_labels(lines: Iterable[str]) -> dict[str, str]:
    data: dict[str, str] = {}
    section = ""
    for line in lines:
        found = _LINE.match(line[:2000])
        if found is None:
            continue
        label, value = _squeezed(found[1]), found[2].strip()
        if label in _SECTION_OF and not value:
            section = _SECTION_OF[label]
        elif label in _LOGON_LABEL_OF:
            section = ""
            data.setdefault(_LOGON_LABEL_OF[label], value)
        elif label in _ACCOUNT_LABEL_OF:
            name = _ACCOUNT_LABEL_OF[label]
            # Without headings the second account is the one that failed.
            role = section or ("target" if f"Subject{name}" in data else "subject")
            prefix = "Target" if role == _TARGET else "Subject"
            data.setdefault(prefix + name, value)
    return data


def _by_order(lines: Iterable[str]) -> dict[str, str]:
    """In a language whose labels are not known: the lines with colons stand in one order in all of them."""
    rows = [(found[1], found[2].strip()) for line in lines if (found := _LINE.match(line[:2000]))]
    at = next((number for number, (_, value) in enumerate(rows) if _NTSTATUS.fullmatch(value)), None)
    if at is None or at < 7 or not rows[at - 7][1].isdigit():
        return {}
    places = {
        -7: "LogonType", -5: "TargetUserSid", -4: "TargetUserName", -3: "TargetDomainName", -1: "FailureReason",
        0: "Status", 1: "SubStatus", 3: "ProcessId", 4: "ProcessName", 6: "WorkstationName", 7: "IpAddress",
        8: "IpPort", 10: "LogonProcessName", 11: "AuthenticationPackageName",
    }  # fmt: skip
    return {name: rows[at + place][1] for place, name in places.items() if 0 <= at + place < len(rows)}


# ---- cluster

# A quoted name in a sentence that may be quoted whole: the kind of quotation marks that stands there most often counts.
_QUOTED = tuple(
    re.compile(each)
    for each in (
        r"['‘’‚]\s?([^'‘’‚\n]{0,256}?)\s?['‘’]",
        r"[\"“”„]\s?([^\"“”„\n]{0,256}?)\s?[\"“”]",
        r"[「『«]\s?([^「」『』«»\n]{0,256}?)\s?[」』»]",
    )
)
_ERROR_TEXT = re.compile(
    r"(?:error code is|関連するエラー ?コードのテキストは次のとおりです|エラー ?コードのテキスト|Fehlercode lautet|"
    r"code d’erreur associé est)\s?[:：]?\s*",
    re.IGNORECASE,
)
_IDENTITY = re.compile(
    r"(?:The cluster identity|クラスター ?ID|Die Clusteridentität|L’identité du cluster|群集标识|叢集識別)\s*",
    re.IGNORECASE,
)
_OPERATION = re.compile(r"during the\s+(.{1,80}?)\s+operation|で\s+(\S.{0,80}?)\s*操作中", re.IGNORECASE | re.DOTALL)
_ASIAN = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def _quoted_names(text: str) -> list[str]:
    return max((pattern.findall(text) for pattern in _QUOTED), key=len)


def _computer_object(message: str) -> dict[str, str]:
    data: dict[str, str] = {}
    identity = _IDENTITY.search(message)
    told = _quoted_names(message[: identity.start()] if identity else message)
    data.update(zip(("resource", "domain"), told, strict=False))
    if identity and (names := _quoted_names(message[identity.end() : identity.end() + 300])):
        data["identity"] = names[0]
    elif not identity and len(told) > 2:
        data["identity"] = told[-1]
    if found := _OPERATION.search(message):
        data["operation"] = _flat(found[1] or found[2])
    if found := _ERROR_TEXT.search(message):
        end = identity.start() if identity and identity.start() > found.end() else len(message)
        text = message[found.end() : end].strip()
        data["error"] = _flat(re.split(r"\n\s*\n", text)[0])
    elif len(told) > 2:
        data["error"] = told[2]
    return data


def _resource(message: str) -> dict[str, str]:
    sentence = message.strip().split("\n\n", 1)[0][:2000]
    told = _quoted_names(sentence)
    if len(told) < 2:
        return {}
    between = sentence
    for name in told:
        between = between.replace(name, "") if name else between
    # Sentences of East Asia name the role first and the resource last.
    names: tuple[str, ...] = ("role", "type", "resource") if _ASIAN.search(between) else ("resource", "type", "role")
    if len(told) == 2:
        names = tuple(name for name in names if name != "type")
    return dict(zip(names, told, strict=False))


# ---- others

_CODE_IN_BRACKETS = re.compile(r"[(（]\s?(0x[0-9a-fA-F]{8})\s?[)）]")
_ERROR_CODE = re.compile(r"\b0x[0-9a-fA-F]{8}\b")
_MACHINE = re.compile(r"(?:virtual machine|仮想マシン)\s*['‘’“\"「]([^'‘’“”\"」\n]{1,128})")
_TIME = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[AaPp]\.?[Mm]\b)?")
_DATE = re.compile(r"\b(?:\d{4}[/.\-]\d{1,2}[/.\-]\d{1,2}|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{4})")
_BUGCHECK = re.compile(r"\b0x[0-9a-fA-F]{8}\b(?: ?\([^()\n]{0,200}\))?")
_SERVICE_STATE = (
    re.compile(r"The (.{1,120}?) service entered the (.{1,40}?) state"),
    re.compile(r"(.{1,120}?) サービスは\s*(.{1,40}?)\s*状態に"),
)


def _replica(message: str) -> dict[str, str]:
    in_brackets = _last(_CODE_IN_BRACKETS, message)
    code = in_brackets or _last(_ERROR_CODE, message)
    if code is None:
        return {}
    data: dict[str, str] = {}
    if machine := _MACHINE.search(message):
        data["VmName"] = machine[1]
    before = _flat(message[: code.start()])
    if ":" in before or "：" in before:
        data["ErrorMessage"] = re.split("[:：]", before)[-1].strip()
    data["ErrorCode"] = error_code(code[1] if in_brackets else code[0])
    return data


def _update(message: str) -> dict[str, str]:
    data: dict[str, str] = {}
    flat = _flat(message)
    code = _ERROR_CODE.search(flat)
    if code:
        data["errorCode"] = error_code(code[0])
    parts = re.split(r"[:：] ?", flat, maxsplit=2)
    if len(parts) == 3:
        data["updateTitle"] = parts[2].strip()
    return data


def _search_failure(message: str) -> dict[str, str]:
    code = _ERROR_CODE.search(message)
    return {"errorCode": error_code(code[0])} if code else {}


def _unexpected(message: str) -> dict[str, str]:
    time, date = _TIME.search(message), _DATE.search(message)
    return {name: found[0] for name, found in (("time", time), ("date", date)) if found}


def _bugcheck(message: str) -> dict[str, str]:
    found = _BUGCHECK.search(message)
    return {"param1": found[0]} if found else {}


def _service(message: str) -> dict[str, str]:
    for pattern in _SERVICE_STATE:
        if found := pattern.search(message[:1000]):
            return {"param1": found[1].strip(), "param2": found[2].strip()}
    return {}


def _version(message: str) -> dict[str, str]:
    found = re.search(r"\b(\d{1,2}\.\d{1,2}\.?)\s+(\d{4,5})\b", message)
    return {"version": found[1], "build": found[2]} if found and as_number(found[2]) else {}


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007
        pass
    return found


def _flat(text: str) -> str:
    return " ".join(text.split())


_READERS: dict[tuple[str, int], Callable[[str], dict[str, str]]] = {
    ("user32", 1074): _shutdown,
    ("security-auditing", 4625): _logon_failure,
    ("failoverclustering", 1069): _resource,
    ("failoverclustering", 1206): _computer_object,
    ("failoverclustering", 1207): _computer_object,
    ("hyper-v-vmms", 0): _replica,
    ("windowsupdateclient", 19): _update,
    ("windowsupdateclient", 20): _update,
    ("windowsupdateclient", 43): _update,
    ("windowsupdateclient", 25): _search_failure,
    ("windowsupdateclient", 31): _search_failure,
    ("eventlog", 6008): _unexpected,
    ("eventlog", 6009): _version,
    ("bugcheck", 1001): _bugcheck,
    ("service control manager", 7036): _service,
}
