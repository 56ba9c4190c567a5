"""
The resident's own pages, 健康太和APP: my record, my bills, and who has looked.

It owns words and pages for residents and no data of its own: the record and the bills are
read by the doors of `record` and `claims`, for the person's own request.
"""
