# A service of one model: docker build -t orders --build-arg MODEL=orders-detector . && docker run -p 8780:8780 -e NARROWS_TOKEN=... orders
FROM python:3.12-slim
ARG MODEL
ENV PIP_NO_CACHE_DIR=1 OMP_NUM_THREADS=1 HOME=/tmp
COPY constraints.txt /tmp/constraints.txt
RUN pip install --extra-index-url https://download.pytorch.org/whl/cpu -c /tmp/constraints.txt narrows && useradd --uid 10001 narrows
COPY ${MODEL} /models/${MODEL}
USER 10001
EXPOSE 8780
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8780/v2/health/ready')"]
CMD ["sh", "-c", "exec narrows serve /models/* --host 0.0.0.0 --port 8780"]
