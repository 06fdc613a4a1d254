"""How Django writes dates where a template names no format of its own, the administration above all."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i:s e"
SHORT_DATE_FORMAT, SHORT_DATETIME_FORMAT = DATE_FORMAT, DATETIME_FORMAT
TIME_FORMAT = "H:i:s"
