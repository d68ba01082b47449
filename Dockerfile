# One image for every service of docker-compose.yml; the command chooses the stage.
FROM python:3.11-slim

RUN useradd --create-home --uid 10001 monitor
WORKDIR /app
COPY requirements.txt pyproject.toml README.md ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt && pip install --no-cache-dir 'psycopg[binary]>=3.2,<4'
COPY monitor monitor
COPY pipelines pipelines
COPY dashboards dashboards
RUN pip install --no-cache-dir --no-deps . && mkdir /data && chown monitor /data
USER monitor
ENV MONITOR_DATA_DIR=/data
VOLUME /data
ENTRYPOINT ["monitor"]
CMD ["--help"]
