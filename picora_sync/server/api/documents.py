"""``/v1/docs`` (contract §8)."""

from __future__ import annotations

from typing import ClassVar

import falcon

from picora_sync.server import errors
from picora_sync.server.accounts import Credential
from picora_sync.server.library import views
from picora_sync.server.library.composing import MAX_TITLE_CHARACTERS, Draft
from picora_sync.server.library.documents import SORTS, DocChanges, DocFilter, Documents
from picora_sync.server.store.clock import iso
from picora_sync.server.store.prepared import Row
from picora_sync.server.web import access, body, cursors, fields, query
from picora_sync.server.web.access import Access, Resource
from picora_sync.server.web.conditions import not_modified, quoted
from picora_sync.server.web.envelope import reply

_MAX_BATCH = 50
_HARD = ("true", "1")


class DocumentList(Resource):
    """Upload, list, delete in batches."""

    access: ClassVar = {"POST": access.UPLOAD, "GET": access.READ, "DELETE": access.DELETE}

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Create, or find what has the same content."""
        owner: Credential = req.context.credential
        if not owner.plan.active:
            raise errors.quota_exceeded("doc_count", 0, 0)
        created = self._documents.create(owner, _draft(body.json_object(body.received(req))))
        document = views.document(created.row) | {
            "failedCount": len(created.failures),
            "failures": list(created.failures),
            "warnings": list(created.warnings),
            "duplicate": created.duplicate,
        }
        reply(resp, document, 200 if created.duplicate else 201)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """One page."""
        fields.refuse_knowledge_bases(req.params)
        sort = query.choice(req, "sort", SORTS) or SORTS[0]
        tags = tuple(part.strip() for part in (query.text(req, "tag") or "").split(",") if part.strip())
        wanted = DocFilter(query.text(req, "q"), tags, query.flag(req, "isPublic", "is_public"))
        limit = query.limit(req, 20, 50)
        after = cursors.decode(query.text(req, "cursor"), sort)
        page = self._documents.page(req.context.credential.user_id, wanted, sort, after, limit)
        items = [views.document(row) for row in page.rows]
        reply(resp, {"items": items, "nextCursor": page.next_cursor, "hasMore": page.has_more})

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Delete up to 50; repeated ids count once, unknown ones as failed. ``hard`` is not heard (decision 0240)."""
        wanted = body.json_object(body.received(req)).get("ids")
        if not isinstance(wanted, list) or not 1 <= len(wanted) <= _MAX_BATCH:
            raise errors.invalid("ids", f"ids must be a list of 1 to {_MAX_BATCH} ids")
        deleted = self._documents.delete(req.context.credential.user_id, wanted)
        distinct = len({(type(item), str(item)) for item in wanted})
        reply(resp, {"deleted": deleted, "failed": distinct - deleted})


class DocumentItem(Resource):
    """One document's metadata."""

    access: ClassVar = {"GET": access.READ, "PATCH": access.CHANGE, "DELETE": access.DELETE}

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def on_get(self, req: falcon.Request, resp: falcon.Response, doc_id: str) -> None:
        """Metadata, of one's own or of a public document."""
        row = self._documents.get(doc_id)
        if row is None or not (row["public"] or row["user_id"] == req.context.credential.user_id):
            raise errors.not_found("document")
        reply(resp, views.document(row))

    def on_patch(self, req: falcon.Request, resp: falcon.Response, doc_id: str) -> None:
        """Change title, visibility or tags."""
        user_id = req.context.credential.user_id
        content = body.received(req)
        found = self._documents.get(doc_id)
        if found is None or found["user_id"] != user_id:
            raise errors.not_found("document")
        sent = body.json_object(content)
        fields.refuse_knowledge_bases(sent)
        changes = DocChanges(
            title=fields.title(sent, MAX_TITLE_CHARACTERS),
            public=fields.boolean(sent, "isPublic", "is_public"),
            tags=fields.tags(sent),
        )
        if changes == DocChanges():
            raise errors.invalid("body", "Give at least one of title, isPublic, tags")
        row = self._documents.change(user_id, doc_id, changes)
        if row is None:
            raise errors.not_found("document")
        reply(resp, views.document(row))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, doc_id: str) -> None:
        """Delete at once; for good with ``hard``, or where there is no trash."""
        remove = self._documents.purge if query.given(req, "hard") in _HARD else self._documents.delete_one
        if not remove(req.context.credential.user_id, doc_id):
            raise errors.not_found("document")
        reply(resp, None)


class DocumentText(Resource):
    """The stored text: anonymous if the document is public."""

    access: ClassVar = {"GET": Access("read", "read", anonymous=True)}

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def on_get(self, req: falcon.Request, resp: falcon.Response, doc_id: str) -> None:
        """The text, or 304 if the client has it."""
        row = self._visible(req.context.credential, doc_id)
        etag = quoted(row["stored_hash"])
        resp.set_headers(
            {
                "ETag": etag,
                "Vary": "Authorization",
                "Cache-Control": "public, max-age=300" if row["public"] else "no-store",
                "X-Source-Hash": row["source_hash"],
                "X-Updated-At": iso(row["updated_at"]),
                "X-Content-Type-Options": "nosniff",
            }
        )
        if row["public"] and not_modified(req, etag):
            resp.status = 304
            return
        resp.content_type = "text/markdown; charset=utf-8"
        resp.data = self._documents.text(row)

    def _visible(self, caller: Credential | None, doc_id: str) -> Row:
        row = self._documents.get_with_text(doc_id)
        if row is None:
            raise errors.not_found("document")
        if row["public"] or (caller is not None and caller.user_id == row["user_id"]):
            return row
        if caller is None:
            raise errors.unauthorized("This document is private")
        raise errors.not_found("document")


def _draft(sent: dict[str, object]) -> Draft:
    """The fields of an upload, checked.

    Raises:
        ApiError: 422 for the first wrong field.
    """
    fields.refuse_knowledge_bases(sent)
    filename = fields.doc_filename(sent)
    content = fields.string(sent, "content")
    if content is None:
        raise errors.invalid("content", "content is needed")
    rewrite = fields.boolean(sent, "rewriteImages")
    return Draft(
        filename=filename,
        content=content,
        title=fields.title(sent, MAX_TITLE_CHARACTERS),
        tags=fields.tags(sent),
        public=fields.boolean(sent, "isPublic", "is_public"),
        rewrite_images=rewrite is not False,
    )
