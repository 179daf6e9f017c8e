"""The labels that event viewers and consoles put before the parts of an event, by language."""

# ruff: noqa: RUF001 - the quotation marks and colons of other languages are meant

from __future__ import annotations

import unicodedata
from functools import lru_cache

# The order is English, Japanese, German, French, Spanish, Chinese (simplified, traditional); then the older Japanese
# labels, those of Windows Server 2003, of wevtutil and of PowerShell.
_FIELDS: dict[str, tuple[str, ...]] = {
    "channel": (
        "Log Name", "ログの名前", "ログ名", "Protokollname", "Nom du journal", "Nombre de registro", "日志名称",
        "記錄檔名稱", "LogName", "Log", "Channel",
    ),
    "provider": (
        "Source", "ソース", "Quelle", "Origen", "来源", "來源", "Event Source", "イベント ソース", "Ereignisquelle",
        "Source de l’événement", "事件来源", "ProviderName", "Provider",
    ),
    "event_id": (
        "Event ID", "イベント ID", "Ereignis-ID", "ID de l’événement", "Id. del evento", "Identificador de evento",
        "事件 ID", "事件識別碼", "EventId", "Ereigniskennung",
    ),
    "id": ("Id",),
    "instance_id": ("InstanceId", "Instance ID"),
    "at": (
        "Date", "日付", "Datum", "Fecha", "日期", "Date and Time", "日付と時刻", "Datum und Uhrzeit", "Date et heure",
        "Fecha y hora", "日期和时间", "日期和時間", "TimeCreated", "TimeGenerated", "Date/Time", "Logged",
        "ログの日付", "発生日時",
    ),
    "time": ("Time", "時刻", "Uhrzeit", "Heure", "Hora", "时间", "時間"),
    "level": (
        "Level", "レベル", "Ebene", "Niveau", "Nivel", "级别", "層級", "LevelDisplayName", "EntryType", "Entry Type",
    ),
    "type": ("Event Type", "イベントの種類", "Ereignistyp", "Type de l’événement", "Type", "种类", "事件类型", "種類"),
    "user": ("User", "ユーザー", "ユーザ", "Benutzer", "Utilisateur", "Usuario", "用户", "使用者", "UserId"),
    "user_name": ("User Name", "UserName"),
    "computer": (
        "Computer", "コンピューター", "コンピュータ", "Ordinateur", "Equipo", "计算机", "電腦", "MachineName",
        "Computer Name",
    ),
    "message": (
        "Description", "説明", "Beschreibung", "Descripción", "描述", "Message", "メッセージ", "Nachricht", "消息",
    ),
    "xml": (
        "Event Xml", "イベント XML", "イベント Xml", "Ereignis-XML", "XML de l’événement", "XML de evento", "事件 Xml",
    ),
    "other": (
        "Task Category", "タスクのカテゴリ", "Aufgabenkategorie", "Catégorie de la tâche", "Catégorie",
        "Categoría de la tarea", "任务类别", "工作類別", "Event Category", "イベント カテゴリ", "Ereigniskategorie",
        "Category", "カテゴリ", "Kategorie", "Task", "Keywords", "Keyword", "キーワード", "Schlüsselwörter",
        "Mots clés", "Mots-clés", "Palabras clave", "关键字", "關鍵字", "Opcode", "オペコード",
        "Operational Code", "Version", "Qualifiers",
        "RecordId", "ProviderId", "ProcessId", "ThreadId", "ActivityId", "RelatedActivityId",
        "ContainerLog", "MatchedQueryIds", "Bookmark", "OpcodeDisplayName", "TaskDisplayName", "KeywordsDisplayNames",
        "Properties", "CategoryNumber", "ReplacementStrings", "Site", "Container", "Data", "Index", "TimeWritten",
        "PSComputerName", "RunspaceId", "PSShowComputerName", "Channel ID", "Event Log",
    ),
}  # fmt: skip


def _folded(label: str) -> str:
    folded = unicodedata.normalize("NFKC", label).casefold().replace("’", "'").replace("`", "'")
    return "".join(folded.split()).strip(":*_")


_BY_LABEL = {_folded(label): field for field, labels in _FIELDS.items() for label in labels}
LONGEST_LABEL = 40

_LEVELS = {
    "critical": ("Critical", "重大", "クリティカル", "Kritisch", "Critique", "Crítico", "关键", "重大錯誤"),
    "error": ("Error", "エラー", "Fehler", "Erreur", "错误", "錯誤"),
    "warning": ("Warning", "警告", "Warnung", "Avertissement", "Advertencia", "Warn"),
    "information": (
        "Information", "情報", "Informationen", "Informations", "Información", "信息", "資訊", "Info", "LogAlways",
        "Audit Failure", "Audit Success", "FailureAudit", "SuccessAudit", "失敗の監査", "成功の監査",
        "Überwachung gescheitert", "Überwachung erfolgreich", "Échec de l’audit", "Succès de l’audit", "审核失败",
        "审核成功",
    ),
    "verbose": ("Verbose", "詳細", "Ausführlich", "Commentaires", "Detallado", "详细", "詳細資訊"),
}  # fmt: skip
_BY_LEVEL = {_folded(word): level for level, words in _LEVELS.items() for word in words}
LEVEL_WORDS = tuple(word for words in _LEVELS.values() for word in words)


@lru_cache(maxsize=4096)
def field_of(label: str) -> str:
    """The part of an event that a label stands before, or ""."""
    return _BY_LABEL.get(_folded(label), "") if len(label) <= LONGEST_LABEL else ""


def labelled(line: str) -> tuple[str, str, str] | None:
    """A line `label: value` as the part of the event, the value, and the label as it stands; None for another line."""
    line = line.strip().lstrip("*>-• ")
    cut = min((at for mark in ":：" if (at := line.find(mark)) >= 0), default=-1)
    if cut <= 0:
        # A column of PowerShell or a paste out of a table has a tab instead.
        cut = line.find("\t")
        if cut <= 0:
            return None
    label = line[:cut]
    field = field_of(label.strip().strip("*"))
    return (field, line[cut + 1 :].strip().strip("*").strip(), label) if field else None


def level_of(text: str) -> str:
    """A level in any of the languages as the records have it, or ""."""
    return _BY_LEVEL.get(_folded(text), "")


_CHANNELS = {
    "System": ("システム", "系统", "系統", "Système", "Sistema"),
    "Security": ("セキュリティ", "Sicherheit", "Sécurité", "Seguridad", "安全"),
    "Application": ("アプリケーション", "Anwendung", "Aplicación", "应用程序", "應用程式"),
}
_BY_CHANNEL = {_folded(word): channel for channel, words in _CHANNELS.items() for word in words}


def channel_of(text: str) -> str:
    """The name of a log: the three that have translated names by their own, others as they stand."""
    return _BY_CHANNEL.get(_folded(text), text.strip())
