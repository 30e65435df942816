"""The router: page settings and navigation, nothing else. `streamlit run streamlit_app.py`."""

if __name__ == "__main__":  # a worker process that Dask spawns reads this file too, and must not open the app
    from core.ui.page import run_app

    run_app()
