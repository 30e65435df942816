# The app for one machine's classroom:   docker build --tag batchscope .
#                                         docker run --publish 8501:8501 --volume batchscope:/data batchscope
# With CUDA, where the machine has a GPU: docker build --build-arg TORCH=cuda --tag batchscope .
#                                         docker run --gpus all --publish 8501:8501 --volume batchscope:/data batchscope
ARG PYTHON=3.11
FROM python:${PYTHON}-slim

# "cpu" takes the list with PyTorch's CPU build, "cuda" the usual one, whose wheels bring CUDA
ARG TORCH=cpu
WORKDIR /app
COPY requirements.txt cuda/
COPY cloud/requirements.txt cpu/
RUN pip install --no-cache-dir --requirement "${TORCH}/requirements.txt"

COPY . .
RUN python -m compileall -q core pages streamlit_app.py \
    && useradd --create-home --uid 1000 app \
    && mkdir /data \
    && chown app:app /data
USER 1000

# what is lost with a container stands in the volume: experiments with their texts, and the plans that were found fastest
ENV BATCHSCOPE_DATABASE_URL=sqlite:////data/batchscope.db \
    BATCHSCOPE_CACHE=/data/cache \
    PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "streamlit_app.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
