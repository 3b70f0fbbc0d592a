# Rescind for a build server: docker build -t rescind . && docker run -p 8080:8080 -e RESCIND_CONTROL_TOKEN=... rescind
FROM python:3.13-slim AS build
COPY . /source
RUN pip install --no-cache-dir --prefix=/installed /source

FROM python:3.13-slim
COPY --from=build /installed /usr/local
RUN useradd --system --no-create-home --uid 10001 rescind
USER 10001
ENV RESCIND_HOST=0.0.0.0 RESCIND_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=2s \
  CMD ["python", "-c", "import os, rescind; rescind.Sandbox('http://127.0.0.1:8080', os.environ.get('RESCIND_CONTROL_TOKEN')).control.call('GET', '/health')"]
CMD ["rescind", "serve"]
