"""Files in forms: refused everywhere, but where a page says after its checks that it takes one.

Django reads a form when it looks for its CSRF token, which is before anybody is asked who they are; what it then kept of
files, it would keep for everybody.
"""

from tempfile import TemporaryFile

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class FileRefused(TooManyFilesSent):
    """A form holds a file that its page does not take; with Django's own kind a form is not read a second time."""


class RefusesFiles(FileUploadHandler):
    """Ends the reading of a form at its first file, of which nothing is kept."""

    def new_file(self, *args, **kwargs):
        raise FileRefused("This form takes no files.")

    def receive_data_chunk(self, raw_data, start):
        return raw_data

    def file_complete(self, file_size):
        return None


class KeepsInHome(FileUploadHandler):
    """Keeps files without a name in the data folder, whose disk is meant for them: they are gone with the request."""

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.file = TemporaryFile(dir=settings.ASSAY_HOME)  # noqa: SIM115

    def receive_data_chunk(self, raw_data, start):
        limit = settings.ASSAY_MAX_ARTIFACT_BYTES
        if limit and start + len(raw_data) > limit:
            self.file.close()
            raise FileRefused(f"The file is larger than {limit} bytes, which is the most here.")
        self.file.write(raw_data)

    def file_complete(self, file_size):
        self.file.seek(0)
        return UploadedFile(
            self.file, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )

    def upload_interrupted(self):
        if hasattr(self, "file"):
            self.file.close()
