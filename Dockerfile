FROM python:3.12-slim

# As `make serve` does it, on a database of its own container and as nobody in particular.
RUN useradd --create-home --uid 10001 plates
WORKDIR /app

COPY requirements.txt ./
# There is no compiler here, and none is needed.
RUN pip install --no-cache-dir --only-binary :all: -r requirements.txt

COPY manage.py ./
COPY plates_project ./plates_project
COPY streams ./streams

ENV PYTHONUNBUFFERED=1 HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
RUN install --directory --owner=plates /data
USER plates
EXPOSE 8000

CMD ["python", "manage.py", "serve"]
