"""When a build may begin: delay, coordination of bases, maintenance windows and freezes. All is pure."""
