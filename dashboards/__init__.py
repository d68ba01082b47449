"""The dashboard: what an analyst keeps open. It alone imports Streamlit; it reads the store, and writes nothing."""
