"""placeholder written below"""
