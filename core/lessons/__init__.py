"""What one lesson alone needs, a folder each: `view.py` and `view_*.py` draw, `words.py` turns results into
sentences, without streamlit and tested as text. No lesson imports another: what two share goes to the kit, or down.
"""
