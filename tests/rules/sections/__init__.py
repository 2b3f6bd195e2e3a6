"""Tests of rules/sections."""
