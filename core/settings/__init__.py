"""What a visitor may choose: `setting.py` has the forms of value, `declared.py` every setting, `values.py` the
settings of one visitor, `limits.py` the bounds that specs check too, `old_names.py` what settings were called in a
URL before.
"""
